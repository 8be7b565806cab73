"""What an answer was made with, so that it can be asked again and compared."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PinnedPassage:
    """A passage that an answer was drawn from: its id and place in its generation, and the SHA-256 of its text."""

    chunk_id: int
    source: str
    page: int
    start: int
    end: int
    digest: str

    def __str__(self) -> str:
        """As people name it."""
        return f"{self.source}, page {self.page}, characters {self.start} to {self.end}"


@dataclass(frozen=True, slots=True)
class Pin:
    """What an answer was made with.

    `question` is the one that was answered, standalone; `history` the role and text of what a model that words its
    answers read before it. `generation` is the index's, `adapter` the digest of the model's adapter (empty: the base
    alone), `settings` those that an answer depends on, `groups` those of the person who asked.
    """

    question: str
    generation: str
    model: str
    adapter: str
    prompt_version: str
    settings: Mapping[str, str]
    passages: tuple[PinnedPassage, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that isn't the same when an answer is asked for again, as it was `then` and as it is `now`."""

    what: str
    then: str
    now: str
