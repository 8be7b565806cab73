"""Evaluation questions, and what is too close to them to be learned from."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

from training.data.duplicates import grams, overlap, plain
from training.data.example import Example
from training.pairs import holds

KEPT_OUT = 0.8
"""Share of common character sequences: rather one too many left out than one too few."""


class KeepOut:
    """Questions that the model will be judged by: nothing like them may be learned from."""

    def __init__(self, judges: Iterable[Example]) -> None:
        """Take them in, with the places that answer them."""
        judges = list(judges)
        self._places: dict[str, list[Example]] = defaultdict(list)
        for judge in judges:
            if judge.origin.document:
                self._places[_file(judge.origin.document)].append(judge)
        self._questions = [
            question for question in dict.fromkeys(judge.question for judge in judges) if plain(question)
        ]
        self._exact = {plain(question): question for question in self._questions}
        self._grams = [grams(question) for question in self._questions]
        self._rare: dict[bytes, list[int]] = defaultdict(list)
        frequency = Counter(gram for found in self._grams for gram in found)
        for number, found in enumerate(self._grams):
            rare_first = sorted(found, key=lambda gram: (frequency[gram], gram))
            for gram in rare_first[: len(found) - math.ceil(KEPT_OUT * len(found)) + 1]:
                self._rare[gram].append(number)

    def __len__(self) -> int:
        return len(self._questions)

    def conflict(self, example: Example) -> str:
        """Why an example must stay out, in words; empty when it needn't."""
        if known := self.similar(example.question):
            return f"repeats the evaluation question {known!r}"
        for judge in self._places.get(_file(example.origin.document), ()):
            told = "\n".join(example.answer.evidence)
            if any(holds(told, piece) for piece in judge.answer.evidence):
                return f"is answered by the same words as the evaluation question {judge.question!r}"
        return ""

    def similar(self, question: str) -> str:
        """The question that this one repeats, exactly or nearly; empty where it repeats none.

        Exact: whoever shares 80% of a question's sequences holds one of its rarest 20% and one (prefix filtering,
        Chaudhuri et al. 2006, section 3), so only questions with these are compared.
        """
        if known := self._exact.get(plain(question)):
            return known
        own = grams(question)
        near = {number for gram in own for number in self._rare.get(gram, ())}
        found = [number for number in near if overlap(own, self._grams[number]) >= KEPT_OUT]
        return self._questions[min(found)] if found else ""


def _file(document: str) -> str:
    return document.replace("\\", "/").rsplit("/", 1)[-1].lower()
