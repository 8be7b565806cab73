"""What the `dossier index` commands print: words for people, JSON lines for programs."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

from dossier.progress import seconds_left
from dossier.records import FileReport, FileState, Progress
from retrieval.build import BuildReport
from retrieval.changes import Difference
from retrieval.parsing.parsed import READ_AGAIN
from retrieval.upkeep import Cleared, GenerationState, IndexState, Verification

_SHOWN = 50


def print_report(report: BuildReport) -> None:
    """Say how an indexing run ended, with the reason of every file that isn't in the index."""
    states = Counter(file.state for file in report.files)
    if report.changed:
        reused = f", {report.reused} known already" if report.reused else ""
        print(
            f"Indexed {report.documents} documents, {report.chunks} passages ({report.embedded} embedded now{reused})."
        )
    else:
        print(f"Nothing changed: {report.documents} documents, {report.chunks} passages.")
    for state in (FileState.FAILED, FileState.SKIPPED):
        if states[state]:
            print(f"{states[state]} {'file' if states[state] == 1 else 'files'} {state}:")
            for file in report.files:
                if file.state is state:
                    print(f"  {file.source}: {file.reason}")
    _print_in_part(report.files)
    if states[FileState.FAILED] and not report.changed:
        print("Files that failed aren't read again until they change. `dossier index build --retry` reads them now.")


def print_state(state: IndexState) -> None:
    """Say where an index stands."""
    now = state.generation
    if state.warning:
        print(f"Attention: {state.warning}")
    if now:
        print(f"Generation   {now.name}, made {now.created}")
        print(f"Content      {now.documents} documents, {now.chunks} passages")
        print(f"Embedder     {state.embedder}")
        print(f"On disk      {in_bytes(state.bytes)} in {state.folder}")
        print_generations(state.generations)
    if state.holder:
        print(f"At work      {state.holder}")
    for kind in (FileState.FAILED, FileState.SKIPPED):
        files = [file for file in state.files if file.state is kind]
        if files:
            print(f"{len(files)} {'file' if len(files) == 1 else 'files'} {kind}:")
            _print_some([f"  {file.source}: {file.reason}" for file in files])
    _print_in_part(state.files)


def print_generations(generations: tuple[GenerationState, ...]) -> None:
    """List the generations."""
    for one in generations:
        mark = "*" if one.current else " "
        told = one.problem or f"{one.created}, {one.documents} documents, {one.chunks} passages, {in_bytes(one.bytes)}"
        print(f"  {mark} {one.name}  {told}")


def print_difference(difference: Difference) -> None:
    """Say what changed, a line for each file."""
    lines = difference.lines()
    _print_some(lines)
    if not lines:
        print(f"Nothing differs: {difference.unchanged} files are the same.")
    elif difference.unchanged:
        print(f"{difference.unchanged} files are the same.")
    if difference.failing:
        print(f"{len(difference.failing)} files still can't be read; `dossier index status` says why.")


def print_verification(found: Verification) -> None:
    """Say whether the index is whole."""
    for problem in found.problems:
        print(f"Damaged: {problem}")
    if not found.problems:
        print(f"{found.generation} is whole: {found.chunks} passages, every digest, count and word right.")
    lines = found.outdated.lines()
    if lines:
        print(f"The documents have changed since ({len(lines)} differences). `dossier index` brings it up to date:")
        _print_some([f"  {line}" for line in lines])
    elif not found.problems:
        print(f"It is up to date with {found.files} files.")


def print_cleared(cleared: Cleared) -> None:
    """Say what was deleted."""
    what = [*cleared.generations, *cleared.leftovers]
    print(f"Deleted {', '.join(what)}: {in_bytes(cleared.bytes)} freed." if what else "There was nothing to delete.")


def print_line(record: dict[str, object]) -> None:
    """One JSON object as a line."""
    print(json.dumps(record, default=_plain), flush=True)


def print_progress(progress: Progress) -> None:
    """Progress as a line of JSON."""
    left = seconds_left(progress)
    print_line({"stage": progress.stage, "done": progress.done, "total": progress.total, "seconds_left": left})


def print_result(result: object) -> None:
    """A record as the last line of JSON: `{"report": {...}}`."""
    print_line({"report": asdict(result)})  # type: ignore[call-overload]


def in_bytes(size: int) -> str:
    """A number of bytes for people: `512 B`, `3.4 MB`."""
    amount, unit = float(size), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _print_in_part(files: Iterable[FileReport]) -> None:
    """Name the files of which an owner could have more in the index: scanned pages that OCR hasn't read."""
    left = [f for f in files if f.state in (FileState.INDEXED, FileState.UNCHANGED) and READ_AGAIN in f.reason]
    if left:
        print(f"{len(left)} {'file is' if len(left) == 1 else 'files are'} in the index in part:")
        _print_some([f"  {file.source}: {file.reason}" for file in left])


def _plain(value: object) -> list[str]:
    """Sets (the groups of a file) as sorted lists."""
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _print_some(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        print(line)
    if len(lines) > _SHOWN:
        print(f"  and {len(lines) - _SHOWN} more (--json lists all)")
