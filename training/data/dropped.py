"""What doesn't become part of a set, and why."""

from dataclasses import dataclass
from enum import StrEnum

from training.data.example import Example, json_line, to_json


class Why(StrEnum):
    """Why an example was left out, in words for people."""

    LIMITED = "limited to groups"
    LABEL = "wrong label"
    CONTRADICTION = "contradicting answers"
    DUPLICATE = "duplicate"
    NEAR = "near-duplicate"
    KEPT_OUT = "evaluation question"
    LONG = "longer than the window"
    SURPLUS = "over the cap of its kind"


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that was left out; `detail` says more than the reason alone."""

    example: Example
    why: Why
    detail: str = ""

    def to_line(self) -> str:
        """A line of `dropped.jsonl`. Of what is limited to groups nothing is written but its place."""
        example = self.example
        body: dict[str, object] = {"why": self.why, "detail": self.detail, "where": example.where}
        if self.why is not Why.LIMITED:
            body["example"] = to_json(example)
        return json_line(body)
