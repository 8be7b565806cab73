"""Short texts with labels: BANKING77 (Casanueva et al. 2020), CLINC150 (Larson et al. 2019), FinEntity."""

from collections.abc import Iterator
from typing import Any

from training.data.example import AnswerKind, Example, Labelled, Origin, Task
from training.data.importing.records import Item

CLINC_PARTS = ("train", "val", "test", "oos_train", "oos_val", "oos_test")
OUT_OF_SCOPE = "oos"
"""CLINC150's label for requests that none of the intents is about; it stays as it is."""


def clinc_examples(name: str, raw: dict[str, Any]) -> Iterator[Example]:
    """All parts of a CLINC150 file. Raises KeyError, ValueError, TypeError naming the part and number."""
    for part in CLINC_PARTS:
        for number, item in enumerate(raw.get(part, ()), start=1):
            place = f"part {part}, item {number}"
            if not isinstance(item, list) or len(item) != 2:
                raise ValueError(f"{place} isn't a pair of text and intent")
            yield intent(str(item[0]), str(item[1]), Origin(name, place))


def intent(text: str, label: str, origin: Origin) -> Example:
    """A text and what its writer wants."""
    return Example(Task.INTENT, text.strip(), Labelled((label.strip(),), AnswerKind.LABEL), origin)


def finentity_example(name: str, item: Item) -> Example:
    """A passage of news, and the companies in it with what is said of each (`Siemens: Positive`), in their order.

    Some of the set's offsets are wrong; they only order the companies here, and whether a name stands in the text is
    checked with the other labels. Raises KeyError, TypeError for a wrong item.
    """
    text = item.raw["content"]
    marked = sorted(item.raw["annotations"], key=lambda mark: (mark["start"], mark["end"]))
    entities = tuple(dict.fromkeys(f"{mark['value']}: {mark.get('label') or mark['tag']}" for mark in marked))
    return Example(Task.ENTITIES, text, Labelled(entities, AnswerKind.ENTITIES), Origin(name, item.place))
