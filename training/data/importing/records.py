"""Files taken apart into items that know where they stand, so that an error can name its line."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dossier.errors import DataError
from dossier.records import Metadata
from training.data.example import Origin

_MOST_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a file, and its place there (`line 12`)."""

    raw: Any
    place: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: items (of a list, of JSON lines, of a table), or one whole object (`line 1`)."""

    path: Path
    items: tuple[Item, ...]
    form: str

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem


def read_content(path: Path) -> Content:
    """Read JSON, JSON lines or a table with commas, whichever the text is. Raises DataError naming the line."""
    text = _text(path)
    start = text.lstrip()[:1]
    if not start:
        raise DataError(f"{path} is empty. Name a file with examples.")
    if start == "[":
        return Content(path, tuple(_array(path, text)), "json")
    if start == "{":
        return _objects(path, text)
    return Content(path, tuple(_table(path, text)), "table")


@contextmanager
def reading(path: Path, place: str) -> Iterator[None]:
    """What goes wrong inside is the fault of this place in the file: raises DataError naming it."""
    try:
        yield
    except KeyError as error:
        raise DataError(f"{path}, {place}: {error} is missing. Add it or take the item out.") from error
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise DataError(f"{path}, {place}: {error}. Correct it or take the item out.") from error


def origin_of(name: str, place: str, fields: Mapping[str, Any]) -> Origin:
    """What the owner's own files may say of an example: document, group, company, sector, period, groups."""
    groups = fields.get("groups") or []
    if isinstance(groups, str):
        groups = [part.strip() for part in groups.split(",") if part.strip()]
    about = Metadata(company=_word(fields, "company"), ticker=_word(fields, "ticker"), period=_word(fields, "period"))
    document = _word(fields, "document") or _word(fields, "source_document")
    group = _word(fields, "group") or document
    return Origin(name, place, document, group, _word(fields, "sector"), about, frozenset(map(str, groups)))


def _word(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value).strip().encode("utf-8", "replace").decode()


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise DataError(f"{path} has {size >> 20} MiB, more than the {_MOST_BYTES >> 20} that are read. Split it.")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} can't be opened: {error.strerror}. Correct the name.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: it isn't UTF-8 text. Save the file as UTF-8.") from error


def _not_json(path: Path, line: int, error: json.JSONDecodeError) -> DataError:
    return DataError(f"{path}, line {line}: it isn't JSON ({error.msg}). Correct it.")


def _objects(path: Path, text: str) -> Content:
    """JSON lines, or one object over the whole file."""
    try:
        return Content(path, (Item(json.loads(text), "line 1"),), "object")
    except RecursionError as error:
        raise DataError(f"{path}: it is nested too deep. Correct it.") from error
    except json.JSONDecodeError as whole:
        first = text.lstrip().split("\n", 1)[0]
        if whole.msg != "Extra data" and not _is_json(first):
            raise _not_json(path, whole.lineno, whole) from whole
    items = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            items.append(Item(json.loads(line), f"line {number}"))
        except json.JSONDecodeError as error:
            raise _not_json(path, number, error) from error
        except RecursionError as error:
            raise DataError(f"{path}, line {number}: it is nested too deep. Correct it.") from error
    return Content(path, tuple(items), "lines")


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _array(path: Path, text: str) -> Iterator[Item]:
    """The items of a list one after the other, each with its number and line."""
    decoder, at, line, number = json.JSONDecoder(), text.index("[") + 1, 1, 0
    line += text.count("\n", 0, at)
    while True:
        skipped = _blank(text, at)
        line += text.count("\n", at, skipped)
        at = skipped
        if text[at : at + 1] == "]" and not text[at + 1 :].strip():
            return
        if number:
            if text[at : at + 1] != ",":
                raise DataError(f"{path}, line {line}: a comma or the list's end is missing after item {number}.")
            skipped = _blank(text, at + 1)
            line += text.count("\n", at, skipped)
            at = skipped
        number += 1
        try:
            raw, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _not_json(path, error.lineno, error) from error
        except RecursionError as error:
            raise DataError(f"{path}, line {line}: item {number} is nested too deep. Correct it.") from error
        yield Item(raw, f"line {line}, item {number}")
        line += text.count("\n", at, end)
        at = end


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _table(path: Path, text: str) -> Iterator[Item]:
    """Rows of a CSV or TSV file by their column heads, in lower case."""
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        if len(reader.fieldnames) < 2:
            raise DataError(f"{path}, line 1: it is neither JSON nor JSON lines, and no table of two columns or more.")
        for row in reader:
            if None in row or None in row.values():
                columns = len(reader.fieldnames)
                raise DataError(f"{path}, line {reader.line_num}: it hasn't the {columns} columns of the first line.")
            yield Item(row, f"line {reader.line_num}")
    except csv.Error as error:
        place = f"line {reader.line_num + 1}"
        raise DataError(f"{path}, {place}: it isn't a row of a table ({error}). Correct it.") from error
