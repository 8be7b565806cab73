"""What a model is tuned on: questions grouped by the context that they share, as JSON lines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dossier.errors import SettingsError
from dossier.prompt import Message

_ROLES = frozenset(["system", "user", "assistant"])
_SHAPE = '{"context": text or chat messages, "turns": [{"question": text or chat messages, "answer": text}]}'


@dataclass(frozen=True, slots=True)
class Branch:
    """One question on a context: the messages after the shared ones, and the answer that is learned."""

    suffix: tuple[Message, ...]
    target: str


@dataclass(frozen=True, slots=True)
class TuningItem:
    """Messages that come first, and the questions that share them."""

    prefix: tuple[Message, ...]
    branches: tuple[Branch, ...]


def read_items(file: Path) -> list[TuningItem]:
    """Read tuning items, one JSON object a line. Raises SettingsError naming file and line.

    A context that is plain text becomes the system's message, a question the user's. Other keys are left alone.
    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} can't be read ({error}). Name a file of JSON lines in UTF-8.") from error
    items = [_item(line, f"{file}, line {number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not items:
        raise SettingsError(f"{file} holds nothing to learn from. Each line is {_SHAPE}.")
    return items


def as_line(
    item: TuningItem, about: Sequence[Mapping[str, Any]] = (), beside: Mapping[str, Any] = MappingProxyType({})
) -> str:
    """The item as `read_items` reads it, without a line's end.

    `about` has further keys for each question, `beside` for the whole item; reading leaves them alone.
    """
    told = about or [{}] * len(item.branches)
    turns = [
        {"question": _plain(branch.suffix), "answer": branch.target, **more}
        for branch, more in zip(item.branches, told, strict=True)
    ]
    return json.dumps({"context": _plain(item.prefix), "turns": turns, **beside}, ensure_ascii=False)


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _item(line: str, place: str) -> TuningItem:
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise SettingsError(f"{place}: not JSON ({error}). Each line is {_SHAPE}.") from error
    if not isinstance(raw, dict) or "context" not in raw or not isinstance(raw.get("turns"), list) or not raw["turns"]:
        raise SettingsError(f"{place}: needs `context` and a list `turns` that isn't empty. Each line is {_SHAPE}.")
    turns = enumerate(raw["turns"], start=1)
    branches = tuple(_branch(turn, f"{place}, turn {number}") for number, turn in turns)
    return TuningItem(_messages(raw["context"], "system", f"{place}, context"), branches)


def _branch(raw: object, place: str) -> Branch:
    if not isinstance(raw, dict) or "question" not in raw:
        raise SettingsError(f"{place}: needs `question` and `answer`.")
    answer = raw.get("answer")
    if not isinstance(answer, str) or not answer.strip():
        raise SettingsError(f"{place}: `answer` must be text that isn't empty, but is {answer!r}.")
    suffix = _messages(raw["question"], "user", f"{place}, question")
    if not suffix or suffix[-1].role == "assistant":
        raise SettingsError(f"{place}: the question must end with a message that the assistant answers.")
    return Branch(suffix, answer)


def _messages(raw: object, role: str, place: str) -> tuple[Message, ...]:
    given = [{"role": role, "content": raw}] if isinstance(raw, str) else raw
    if not isinstance(given, list):
        raise SettingsError(f"{place}: must be text or a list of chat messages, but is {type(raw).__name__}.")
    found = []
    for message in given:
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, str) or message.get("role") not in _ROLES:
            raise SettingsError(f"{place}: a message needs `role` ({', '.join(sorted(_ROLES))}) and text `content`.")
        found.append(Message(message["role"], content))
    return tuple(found)
