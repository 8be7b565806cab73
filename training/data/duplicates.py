"""Examples that say the same: exactly, nearly (MinHash), against each other, or like an evaluation question."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from training.data.example import AnswerKind, Example
from training.data.labels import amount_in

NEAR = 0.9
"""Share of common character sequences from which two questions on one context with one answer count as the same."""
KEPT_OUT = 0.8
"""The same for a question that must not be trained on: rather one too many left out than one too few."""
_GRAM = 4
_PERMUTATIONS = 64
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
OnDone = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Repeated:
    """An example that is left out, and why."""

    example: Example
    reason: str


def plain(text: str) -> str:
    """Words and numbers in lower case: what is compared."""
    return " ".join(_WORD.findall(text.lower()))


def without_exact(examples: Iterable[Example]) -> tuple[list[Example], list[Repeated]]:
    """Keep the first of examples that say the same; where the same question has different answers, keep none."""
    alike: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        alike[_asked(example)].append(example)
    kept: list[Example] = []
    dropped: list[Repeated] = []
    for same in alike.values():
        answers: dict[str, Example] = {}
        for example in same:
            answers.setdefault(_answered(example), example)
        first, *others = answers.values()
        if others and first.answer.kind is not AnswerKind.TEXT:  # free text may well be worded in two ways
            dropped += [Repeated(item, f"the answers of {first.where} and {others[0].where} differ") for item in same]
            continue
        kept.extend(answers.values())
        for example in same:
            known = answers[_answered(example)]
            if example is not known:
                dropped.append(Repeated(example, f"says the same as {known.where}"))
    return kept, dropped


def without_near(examples: Sequence[Example], on_done: OnDone) -> tuple[list[Example], list[Repeated]]:
    """Keep the first of examples that nearly say the same.

    Near are questions on one context, with the same numbers and the same answer, that share 90% of their character
    sequences (Jaccard; candidates from MinHash with locality-sensitive hashing, Broder 1997). Free text is compared
    together with its answer.
    """
    buckets: dict[str, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        buckets[_bucket(example)].append(number)
    dropped: dict[int, int] = {}
    done = 0
    for members in buckets.values():
        if len(members) > 1:
            dropped.update(_near([_compared(examples[number]) for number in members], members))
        done += len(members)
        on_done(done)
    kept = [example for number, example in enumerate(examples) if number not in dropped]
    found = [Repeated(examples[n], f"says nearly the same as {examples[other].where}") for n, other in dropped.items()]
    return kept, found


class KeepOut:
    """Questions that the model will be judged by: nothing like them may be learned from."""

    def __init__(self, questions: Iterable[str]) -> None:
        """Take them in; `similar` finds them again."""
        self._questions = [question for question in dict.fromkeys(questions) if plain(question)]
        self._exact = {plain(question): question for question in self._questions}
        self._grams = [grams(question) for question in self._questions]
        self._index = _Index(KEPT_OUT)
        for number, found in enumerate(self._grams):
            self._index.add(number, found)

    def __len__(self) -> int:
        return len(self._questions)

    def similar(self, questions: Sequence[str]) -> list[str]:
        """For each question the one that it repeats, exactly or nearly; empty where it repeats none."""
        found = [self._exact.get(plain(question), "") for question in questions]
        rest = [number for number, known in enumerate(found) if not known]
        if not self._questions:
            return found
        sets = [grams(questions[number]) for number in rest]
        for number, own, near in zip(rest, sets, self._index.near(sets), strict=True):
            close = [other for other in near if overlap(own, self._grams[other]) >= KEPT_OUT]
            found[number] = self._questions[min(close)] if close else ""
        return found


def grams(text: str) -> frozenset[bytes]:
    """The sequences of four characters of a text's words."""
    words = f" {plain(text)} "
    return frozenset(words[at : at + _GRAM].encode() for at in range(max(1, len(words) - _GRAM + 1)))


def overlap(left: frozenset[bytes], right: frozenset[bytes]) -> float:
    """Jaccard's index: common sequences of all."""
    return len(left & right) / max(1, len(left | right))


class _Index:
    """Sets by their MinHash, so that near ones are found without comparing all with all."""

    def __init__(self, threshold: float) -> None:
        from datasketch import MinHashLSH

        # a little below, since what it finds is compared exactly afterwards
        self._lsh = MinHashLSH(threshold=threshold - 0.1, num_perm=_PERMUTATIONS)

    def add(self, key: int, found: frozenset[bytes]) -> None:
        (sketch,) = _sketches([found])
        self._lsh.insert(key, sketch)

    def near(self, sets: Sequence[frozenset[bytes]]) -> list[list[int]]:
        return [sorted(self._lsh.query(sketch)) for sketch in _sketches(sets)]

    def near_then_add(self, sets: Sequence[frozenset[bytes]]) -> list[list[int]]:
        """For each set the earlier ones that are near."""
        found = []
        for number, sketch in enumerate(_sketches(sets)):
            found.append(sorted(self._lsh.query(sketch)))
            self._lsh.insert(number, sketch)
        return found


def _sketches(sets: Sequence[frozenset[bytes]]) -> list:  # type: ignore[type-arg]
    from datasketch import MinHash

    return list(MinHash.bulk([sorted(found) for found in sets], num_perm=_PERMUTATIONS, seed=1))


def _near(texts: Sequence[str], members: Sequence[int]) -> dict[int, int]:
    """Which members repeat an earlier one that is kept, and which."""
    sets = [grams(text) for text in texts]
    dropped: dict[int, int] = {}
    for number, candidates in enumerate(_Index(NEAR).near_then_add(sets)):
        for other in candidates:
            if members[other] not in dropped and overlap(sets[number], sets[other]) >= NEAR:
                dropped[members[number]] = members[other]
                break
    return dropped


def _asked(example: Example) -> str:
    turns = [plain(turn.text) for turn in example.history]
    return _digest(example.task, plain(example.instruction), *turns, plain(example.question), _context(example))


def _answered(example: Example) -> str:
    values = [amount_in(text) for text in example.answer.texts]
    texts = [
        plain(text) if value is None else str(value.normalize())
        for text, value in zip(example.answer.texts, values, strict=True)
    ]
    return "\n".join([*sorted(texts), example.answer.scale])


def _context(example: Example) -> str:
    return plain(example.context.text)


def _bucket(example: Example) -> str:
    free = example.answer.kind is AnswerKind.TEXT
    turns = [plain(turn.text) for turn in example.history]
    numbers = sorted(word for word in plain(_compared(example)).split() if word[0].isdigit())
    return _digest(example.task, *turns, _context(example), *numbers, "" if free else _answered(example))


def _compared(example: Example) -> str:
    free = example.answer.kind is AnswerKind.TEXT
    return "\n".join([example.question, *example.answer.texts]) if free else example.question


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
