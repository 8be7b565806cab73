"""Labels the rows of a CSV file into another, in blocks, so that a run that was stopped goes on where it was."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from dossier.adapters import sha256_of
from dossier.durable import flush
from dossier.errors import DataError, EnvironmentProblem
from dossier.records import Progress
from retrieval.labelling.head import LabelTask
from retrieval.labelling.labeller import Labeller, Labelling

BLOCK = 256
"""Rows between two points at which a run goes on."""
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class TableJob:
    """Which column of which file gets labels of which task, and where they are written."""

    file: Path
    column: str
    task: LabelTask
    out: Path


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came of a file: its rows, how many of them are unsure, and how many an earlier run had done."""

    rows: int
    unsure: int
    resumed: int


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far a run came: `length` bytes of the part hold so many `rows`. `made_from` tells the same job again."""

    made_from: dict[str, str]
    rows: int
    unsure: int
    length: int


def label_table(job: TableJob, labeller: Labeller, on_progress: OnProgress, block: int = BLOCK) -> Labelled:
    """Write the file's rows with two columns more: the label (empty: unsure) and its probability.

    `out` appears when it is whole; until then a `.part` stands beside it, and the same command goes on from there, as
    long as file, column and head are the same. Raises DataError, EnvironmentProblem, NotFoundError, WeightsError.
    """
    heads = _heads(job)
    total = sum(1 for _ in _rows(job, heads))
    made_from = _made_from(job, labeller)
    part, note = (job.out.with_name(f".{job.out.name}.{end}") for end in ("part", "part.json"))
    started = datetime.now(UTC)
    try:
        reached = _resumed(part, note, made_from) or _begun(part, note, made_from, [*heads, *_added(job)])
        resumed = reached.rows
        rows = islice(_rows(job, heads), reached.rows, None)
        while taken := list(islice(rows, block)):
            found = labeller.label(job.task, [row[heads.index(job.column)] for row in taken])
            reached = _appended(part, note, reached, taken, found)
            on_progress(Progress("Labelling rows", reached.rows, total, started))
        part.replace(job.out)
        note.unlink()
        flush(job.out.parent)
    except OSError as error:
        raise EnvironmentProblem(f"{job.out} can't be written ({error.strerror}). Name another with --out.") from error
    return Labelled(reached.rows, reached.unsure, resumed)


def _heads(job: TableJob) -> list[str]:
    heads = next(_cells(job.file), None)
    if heads is None:
        raise DataError(f"{job.file} is empty. Its first line must have the heads.")
    if heads.count(job.column) != 1:
        raise DataError(f"{job.file} has no column {job.column!r} of its own; its heads are {', '.join(heads)}.")
    if taken := set(heads) & set(_added(job)):
        raise DataError(f"{job.file} has a column {sorted(taken)[0]} already. Rename it.")
    return heads


def _added(job: TableJob) -> tuple[str, str]:
    return str(job.task), f"{job.task}_probability"


def _rows(job: TableJob, heads: Sequence[str]) -> Iterator[list[str]]:
    for number, cells in enumerate(islice(_cells(job.file), 1, None), start=1):
        if len(cells) != len(heads):
            raise DataError(f"{job.file}, row {number}: {len(cells)} cells under {len(heads)} heads. Correct the row.")
        yield cells


def _cells(file: Path) -> Iterator[list[str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from (cells for cells in csv.reader(lines, strict=True) if cells)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{file} can't be read as CSV in UTF-8 ({error}). Correct it.") from error
    except OSError as error:
        raise DataError(f"{file} can't be read ({error.strerror}).") from error


def _made_from(job: TableJob, labeller: Labeller) -> dict[str, str]:
    head = labeller.head(job.task)
    return {"file": sha256_of(job.file), "column": job.column, "task": str(job.task), "head": head.digest}


def _resumed(part: Path, note: Path, made_from: dict[str, str]) -> _Reached | None:
    """Where an earlier run of the same job came to; what it wrote after its last note is cut off."""
    if not (part.is_file() and note.is_file()):
        return None
    reached = _Reached(**json.loads(note.read_text(encoding="utf-8")))
    if reached.made_from != made_from or part.stat().st_size < reached.length:
        return None
    os.truncate(part, reached.length)
    return reached


def _begun(part: Path, note: Path, made_from: dict[str, str], heads: Sequence[str]) -> _Reached:
    note.unlink(missing_ok=True)
    text = _csv([heads])
    part.write_bytes(text)
    return _noted(note, _Reached(made_from, 0, 0, len(text)))


def _appended(
    part: Path, note: Path, reached: _Reached, rows: Sequence[Sequence[str]], found: Sequence[Labelling]
) -> _Reached:
    lines = [[*row, one.label, f"{one.probability:.4f}"] for row, one in zip(rows, found, strict=True)]
    text = _csv(lines)
    with part.open("ab") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    unsure = reached.unsure + sum(not one.label for one in found)
    return _noted(note, _Reached(reached.made_from, reached.rows + len(rows), unsure, reached.length + len(text)))


def _noted(note: Path, reached: _Reached) -> _Reached:
    """Say how far the part is good, in one step."""
    beside = note.with_name(f"{note.name}.new")
    beside.write_text(json.dumps(asdict(reached)), encoding="utf-8")
    flush(beside)
    beside.replace(note)
    return reached


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode("utf-8")
