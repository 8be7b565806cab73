"""Which examples are learned from, which choose between models, and which are only reported on: split by document."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dossier.errors import SettingsError
from training.data.duplicates import plain
from training.data.example import Example

SPLITS = ("train", "dev", "test")
_TELLING = 150
"""Characters from which a paragraph tells a document apart."""
_COMMON = 20
"""A figure in more tables than this tells nothing."""
_LEAST_FIGURES = 5
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the groups that go to training, choosing and reporting, in percent."""

    train: int = 80
    dev: int = 10
    test: int = 10

    @classmethod
    def parse(cls, text: str) -> "Shares":
        """Read `80/10/10`. Raises SettingsError."""
        match = re.fullmatch(r"\s*(\d{1,3})/(\d{1,3})/(\d{1,3})\s*", text)
        shares = tuple(map(int, match.groups())) if match else ()
        if sum(shares) != 100 or not shares[0]:
            raise SettingsError(f"--split {text!r} isn't three shares that make 100. Write for example 80/10/10.")
        return cls(*shares)

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"{self.train}/{self.dev}/{self.test}"


def split(examples: Sequence[Example], shares: Shares, seed: int) -> dict[str, list[Example]]:
    """The examples of each split, in their order.

    Everything about one document falls on one side, and so do documents that share a long paragraph or half of a
    table's figures, whatever they are called. Which side is decided by the group's name and the seed alone, so that
    new examples don't move old ones.
    """
    groups = linked(examples)
    parts: dict[str, list[Example]] = {name: [] for name in SPLITS}
    for example in examples:
        parts[_side(groups[group_of(example)], shares, seed)].append(example)
    return parts


def group_of(example: Example) -> str:
    """What must stay together: the source's group, else its document, else the question itself."""
    origin = example.origin
    return origin.group or origin.document or hashlib.sha256(plain(example.question).encode()).hexdigest()[:16]


def linked(examples: Iterable[Example]) -> dict[str, str]:
    """Each group's common name with the groups that hold the same text or table: the first of their names."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    contexts = {(group_of(example), example.context): example for example in examples}
    for group, _ in contexts:
        root(group)
    named = [(group, context.paragraphs, _figures(context.rows)) for group, context in contexts]
    for one, other in (*_same_paragraphs(named), *_same_figures(named)):
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return {name: root(name) for name in parent}


def balanced(examples: Sequence[Example], most: int, seed: int) -> tuple[list[Example], list[Example]]:
    """At most `most` (0: all) of each task and kind of answer, and what is left out.

    Labels share the room evenly: each has its first example before any has its second. Chosen by the examples
    themselves and the seed, never by their order.
    """
    if not most:
        return list(examples), []
    found: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        found[example.task, example.answer.kind].append(example)
    kept: set[int] = set()
    for members in found.values():
        kept.update(id(example) for example in _in_turn(members, seed)[:most])
    return [item for item in examples if id(item) in kept], [item for item in examples if id(item) not in kept]


def _in_turn(members: Sequence[Example], seed: int) -> list[Example]:
    shuffled = sorted(members, key=lambda example: _hash(f"balance:{seed}:{example.id}"))
    seen: Counter[str] = Counter()
    turns = []
    for number, example in enumerate(shuffled):
        label = example.answer.texts[0] if example.answer.kind == "label" else ""
        seen[label] += 1
        turns.append((seen[label] if label else number, number, example))
    return [example for _, _, example in sorted(turns, key=lambda turn: turn[:2])]


def _side(group: str, shares: Shares, seed: int) -> str:
    at = _hash(f"split:{seed}:{group}") / (1 << 64) * 100
    return "train" if at < shares.train else "dev" if at < shares.train + shares.dev else "test"


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])


Named = tuple[str, tuple[str, ...], frozenset[str]]


def _same_paragraphs(named: Iterable[Named]) -> Iterator[tuple[str, str]]:
    first: dict[str, str] = {}
    for group, paragraphs, _ in named:
        for text in paragraphs:
            if len(text) >= _TELLING:
                yield first.setdefault(plain(text), group), group


def _same_figures(named: Sequence[Named]) -> Iterator[tuple[str, str]]:
    """Groups with tables of which the smaller one's figures stand to a half in the other."""
    there: dict[str, list[int]] = defaultdict(list)
    for number, (_, _, figures) in enumerate(named):
        for figure in figures:
            there[figure].append(number)
    common: Counter[tuple[int, int]] = Counter()
    for numbers in there.values():
        if len(numbers) <= _COMMON:
            common.update(combinations(numbers, 2))
    for (one, other), count in sorted(common.items()):
        smaller = min(len(named[one][2]), len(named[other][2]))
        if count >= max(_LEAST_FIGURES, smaller / 2):
            yield named[one][0], named[other][0]


def _figures(rows: Iterable[Sequence[str]]) -> frozenset[str]:
    found = {figure for row in rows for cell in row for figure in _FIGURE.findall(cell)}
    return frozenset(figure for figure in found if len(figure) > 2 and not _YEAR.fullmatch(figure))


def counted(parts: Mapping[str, Sequence[Example]]) -> dict[str, int]:
    """How many examples each split has."""
    return {name: len(examples) for name, examples in parts.items()}
