"""Customers' messages and the replies to them: what is asked, and the fixed phrases around an answer."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_GREETING: Final = re.compile(
    r"^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|to whom)\b[^.!?\n]{0,60}[,!.:]?\s*$", re.IGNORECASE
)
_GREETING_AHEAD: Final = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening|day))(?: (?:there|all|team|\w+))?\s*[,!.:]\s*", re.IGNORECASE
)
_FAREWELL: Final = re.compile(
    r"^(?:(?:kind|best|warm|many) )?(?:regards|wishes|thanks|thank you|cheers|sincerely|yours|sent from|--)[^?]{0,30}$",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"(\d])")
_MARKER: Final = re.compile(r" ?\[\d{1,2}\]")
_EMPHASIS: Final = re.compile(r"\*\*(.+?)\*\*")


class Tone(StrEnum):
    """How a reply speaks. The phrases are fixed and say nothing about the matter."""

    PLAIN = "plain"
    FRIENDLY = "friendly"
    FORMAL = "formal"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and after the answer."""

    before: str = ""
    after: str = ""


FRAMES: Final = {
    Tone.PLAIN: Frame(),
    Tone.FRIENDLY: Frame(
        "Hello,\n\nthank you for your message.\n\n", "\n\nIf anything is unclear, just write back.\n\nKind regards"
    ),
    Tone.FORMAL: Frame(
        "Dear Sir or Madam,\n\nThank you for your enquiry.\n\n",
        "\n\nPlease contact us again should you have further questions.\n\nYours faithfully",
    ),
}


def matter_of(message: str) -> str:
    """A message on one line, without greeting and farewell."""
    return " ".join(" ".join(_body(message)).split())  # mail programs break lines anywhere


def questions_of(message: str) -> list[str]:
    """What a customer asks: each sentence that is a question, else what is left without greeting and farewell."""
    body = matter_of(message)
    asked = list(dict.fromkeys(sentence for sentence in _SENTENCE.split(body) if sentence.endswith("?")))
    return asked or ([body] if body else [])


def reply_of(answer: str) -> str:
    """An answer as a customer reads it: without the numbers of sources and without emphasis."""
    return _EMPHASIS.sub(r"\1", _MARKER.sub("", answer)).strip()


def framed(body: str, tone: Tone) -> str:
    """A reply in a tone."""
    frame = FRAMES[tone]
    return f"{frame.before}{body}{frame.after}"


def body_of(reply: str) -> str:
    """A reply without the phrases of whatever tone it still has whole."""
    for frame in FRAMES.values():
        if frame.before and reply.startswith(frame.before) and reply.rstrip().endswith(frame.after.rstrip()):
            return reply.rstrip()[len(frame.before) : len(reply.rstrip()) - len(frame.after)].strip()
    return reply.strip()


def _body(message: str) -> list[str]:
    """The lines that say something, up to the farewell."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    if lines and _GREETING.match(lines[0]):
        lines = lines[1:]
    elif lines:
        lines[0] = _GREETING_AHEAD.sub("", lines[0])
    end = next((number for number, line in enumerate(lines) if number and _FAREWELL.match(line)), len(lines))
    return lines[:end]
