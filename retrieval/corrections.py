"""What people wrote down about documents: a small file beside them, and what an admin corrected."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dossier.errors import IndexingError, QuestionError
from retrieval.metadata import FIELDS, corrections_for

ADMIN_FILE = "corrections.json"
_LONGEST = 200
_SHOWN = '["reports/2023*.pdf"]\ncompany = "Acme"'

Rules = list[tuple[str, Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Corrections:
    """Rules by pattern of path: those of the file beside the documents, and an admin's, which win."""

    written: Rules
    by_admin: Mapping[str, Mapping[str, str]]

    def of(self, source: str) -> dict[str, str]:
        """What was written down for a document, by field."""
        return {**corrections_for(source, self.written), **self.by_admin.get(source, {})}


def read_corrections(documents: Path, name: str, index: Path) -> Corrections:
    """Read both. Raises IndexingError naming the file and the line of thought that is wrong."""
    return Corrections(_written(documents / name), _by_admin(index / ADMIN_FILE))


def correct(index: Path, source: str, values: Mapping[str, str]) -> dict[str, str]:
    """Keep an admin's correction of one document; an empty value takes that field's correction back.

    It holds from the next indexing run on. Returns what is kept now. Raises QuestionError for a field or value that
    can't be.
    """
    _check(values)
    file = index / ADMIN_FILE
    known = {path: dict(fields) for path, fields in _by_admin(file).items()}
    kept = {field: value for field, value in {**known.get(source, {}), **values}.items() if value}
    known[source] = kept
    index.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    with new.open("w", encoding="utf-8") as stream:
        json.dump({path: fields for path, fields in sorted(known.items()) if fields}, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
    return kept


def _written(file: Path) -> Rules:
    if not file.is_file():
        return []
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        for pattern, values in raw.items():
            if not isinstance(values, dict):
                raise QuestionError(f"{pattern} isn't a table")
            _check(values)
    except (ValueError, QuestionError) as error:
        raise IndexingError(f"{file} is wrong: {error}. Write tables like:\n{_SHOWN}") from error
    return list(raw.items())


def _by_admin(file: Path) -> dict[str, dict[str, str]]:
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {
            str(path): {str(field): str(value) for field, value in fields.items()} for path, fields in found.items()
        }
    except (ValueError, AttributeError) as error:
        raise IndexingError(f"{file} is damaged ({error}). Remove it and correct the documents again.") from error


def _check(values: Mapping[str, object]) -> None:
    for field, value in values.items():
        if field not in FIELDS:
            raise QuestionError(f"there is no field {field!r}. The fields are {', '.join(FIELDS)}.")
        if not isinstance(value, str) or len(value) > _LONGEST or "\x00" in value:
            raise QuestionError(f"{field} must be a text of at most {_LONGEST} characters.")
        if field == "date" and value:
            try:
                date.fromisoformat(value[:10])
            except ValueError as error:
                raise QuestionError(f"date must look like 2023-06-30, not {value!r}.") from error
