"""Examples that say the same: exactly, nearly (MinHash), against each other, or like an evaluation question."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dossier.amounts import amount_in
from training.data.example import AnswerKind, Example, Task

NEAR = 0.9
"""Share of common character sequences from which two questions on one context with one answer count as the same."""
_GRAM = 4
_BANDS, _ROWS = 16, 4
"""64 hash functions; of two texts that share 90% of their sequences less than one in a million is missed."""
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
OnDone = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Repeated:
    """An example that is left out, and why; `contradicts` when its question has another answer elsewhere."""

    example: Example
    reason: str
    contradicts: bool = False


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
        if not all(_agree(first, other) for other in others):
            reason = f"the answers of {first.where} and {others[0].where} differ"
            dropped += [Repeated(item, reason, True) for item in same]
            continue
        wordings = list(answers.values()) if first.answer.kind is AnswerKind.TEXT else [first]
        kept.extend(wordings)
        chosen = {id(example) for example in wordings}
        dropped += [Repeated(item, f"says the same as {first.where}") for item in same if id(item) not in chosen]
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


def grams(text: str) -> frozenset[bytes]:
    """The sequences of four characters of a text's words."""
    words = f" {plain(text)} "
    return frozenset(words[at : at + _GRAM].encode() for at in range(max(1, len(words) - _GRAM + 1)))


def overlap(left: frozenset[bytes], right: frozenset[bytes]) -> float:
    """Jaccard's index: common sequences of all."""
    return len(left & right) / max(1, len(left | right))


def _earlier(sets: Sequence[frozenset[bytes]]) -> list[list[int]]:
    """For each set the earlier ones that may be near, by MinHash and locality-sensitive hashing."""
    from datasketch import MinHash, MinHashLSH

    permutations = _BANDS * _ROWS
    index = MinHashLSH(num_perm=permutations, params=(_BANDS, _ROWS))
    found = []
    for number, sketch in enumerate(MinHash.bulk([sorted(one) for one in sets], num_perm=permutations, seed=1)):
        found.append(sorted(index.query(sketch)))
        index.insert(number, sketch)
    return found


def _near(texts: Sequence[str], members: Sequence[int]) -> dict[int, int]:
    """Which members repeat an earlier one that is kept, and which."""
    sets = [grams(text) for text in texts]
    dropped: dict[int, int] = {}
    for number, candidates in enumerate(_earlier(sets)):
        for other in candidates:
            if members[other] not in dropped and overlap(sets[number], sets[other]) >= NEAR:
                dropped[members[number]] = members[other]
                break
    return dropped


def _agree(one: Example, other: Example) -> bool:
    """Whether two answers to one question can both be right: free text worded in two ways, a span within the other."""
    if one.answer.kind is AnswerKind.TEXT:
        return True
    both = (one.answer.kind, other.answer.kind) == (AnswerKind.SPAN, AnswerKind.SPAN)
    left, right = f" {plain(one.answer.texts[0])} ", f" {plain(other.answer.texts[0])} "
    return both and one.answer.scale == other.answer.scale and (left in right or right in left)


def _asked(example: Example) -> str:
    turns = [plain(turn.text) for turn in example.history]
    # each set has its own labels for intents: one message may well have two
    labels = example.origin.set if example.task is Task.INTENT else ""
    said = (plain(example.instruction), *turns, plain(example.question), _context(example))
    return _digest(example.task, labels, *said)


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
    answer = "" if free else _answered(example)
    return _digest(example.task, *turns, _context(example), *numbers, answer)


def _compared(example: Example) -> str:
    free = example.answer.kind is AnswerKind.TEXT
    return "\n".join([example.question, *example.answer.texts]) if free else example.question


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
