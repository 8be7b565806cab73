"""A document's metadata as a row of the chunk store has it: what holds, and what a correction took the place of."""

import json
from dataclasses import asdict

from dossier.records import Metadata

_FOUND = "found"


def metadata_text(metadata: Metadata, found: Metadata | None) -> str:
    """The text of a row. `found` is what the content says; it is kept where something else holds."""
    kept = {} if found is None or found == metadata else {_FOUND: asdict(found)}
    return json.dumps({**asdict(metadata), **kept})


def metadata_in(text: str) -> Metadata:
    """What holds."""
    return Metadata(**{field: value for field, value in json.loads(text).items() if field != _FOUND})


def found_in(text: str) -> Metadata | None:
    """What the content says, None where nothing else holds."""
    found = json.loads(text).get(_FOUND)
    return Metadata(**found) if found else None
