"""Corrected answers of Dossier's own users, as `dossier feedback export` writes them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dossier.amounts import Scale, amount_in, scales_in
from dossier.prompt import NOT_IN_DOCUMENTS
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.importing.records import Item

_MARKER = re.compile(r"\s*\[\d+\]")
_COMPUTED = re.compile(r"(?P<value>[^=]+?)\s*=\s*(?P<derivation>[^=]*\d[^=]*[-+*/][^=]*)")
"""A value and how it comes about: `21% = (412 - 340) / 340`."""


def corrected_example(name: str, item: Item) -> Example:
    """The question as the model was asked it, on the passages that it was given, with the right answer.

    Raises KeyError, TypeError, ValueError.
    """
    raw, passages = item.raw, item.raw["passages"]
    documents = tuple(dict.fromkeys(passage["document"] for passage in passages))
    if not documents:
        raise ValueError("it has no passages")
    main = _main(raw, passages)
    origin = Origin(name, item.place, main, main, also=tuple(one for one in documents if one != main))
    texts = tuple("\n".join(part for part in (one["heading"], one["text"]) if part) for one in passages)
    return Example(Task.QA, raw["question"], _label(raw["corrected"], texts), origin, Context("", (), texts))


def _main(raw: Mapping[str, Any], passages: Sequence[Mapping[str, Any]]) -> str:
    """The document that the user named, where it is one of the passages'; else that of the passage found best."""
    named = str(raw["place"]["document"]).casefold()
    for passage in passages:
        path = str(passage["document"])
        if named and named in (path.casefold(), path.casefold().rsplit("/", 1)[-1]):
            return path
    return str(passages[0]["document"])


def _label(corrected: str, texts: Sequence[str]) -> Labelled:
    said = " ".join(_MARKER.sub("", corrected).split())
    if said.casefold().rstrip(".") == NOT_IN_DOCUMENTS.casefold().rstrip("."):
        return Labelled((NOT_IN_DOCUMENTS,), AnswerKind.UNANSWERABLE)
    computed = _COMPUTED.fullmatch(said)
    if computed:
        value, derivation = computed["value"].strip(), computed["derivation"].strip()
        figure = amount_in(value.split()[0])
        if figure is not None:
            return Labelled((f"{figure:f}",), AnswerKind.NUMBER, _scale(value), "", derivation)
    if any(said.casefold() in " ".join(text.split()).casefold() for text in texts):
        return Labelled((said,), AnswerKind.SPAN)
    return Labelled((said,), AnswerKind.TEXT)


def _scale(value: str) -> Scale:
    if "%" in value:
        return Scale.PERCENT
    found = scales_in(value)
    return next(iter(found)) if len(found) == 1 else Scale.ONES
