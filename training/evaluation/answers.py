"""What each model replied, kept a line a context, so that a killed evaluation goes on where it was."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dossier.errors import DataError
from dossier.records import Progress
from dossier.weights import replace_file
from training.evaluation.contexts import Context
from training.evaluation.lab import Lab

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Replied:
    """What one model replied to the questions of one context, and how many seconds all of them took."""

    replies: tuple[str, ...]
    seconds: float


class AnswersFile:
    """Replies on disk; the first line says what was asked how, and other things can't be mixed in."""

    def __init__(self, file: Path, about: Mapping[str, str]) -> None:
        """Open or begin a file. Raises DataError where it is about something else or can't be read."""
        self._file = file
        self.found: dict[tuple[str, int], Replied] = {}
        head = json.dumps({"about": dict(about)}, sort_keys=True)
        lines = self._lines()
        if not lines:
            replace_file(file, head + "\n")
            return
        if lines[0] != head:
            different = _differences(lines[0], about)
            raise DataError(f"{file} holds another evaluation ({different}). Name another folder with --out.")
        try:
            for line in lines[1:]:
                raw = json.loads(line)
                self.found[raw["model"], raw["place"]] = Replied(tuple(raw["replies"]), raw["seconds"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file} is damaged ({error!r}). Remove it and evaluate again.") from error
        replace_file(file, "\n".join(lines) + "\n")  # without what a kill cut

    def add(self, model: str, place: int, replied: Replied) -> None:
        """Keep the replies to one context."""
        told = {"model": model, "place": place, "replies": replied.replies, "seconds": round(replied.seconds, 3)}
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(told, ensure_ascii=False) + "\n")
        self.found[model, place] = replied

    def _lines(self) -> list[str]:
        """All whole lines: one without its end was cut by a kill."""
        try:
            text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{self._file} can't be read ({error}). Remove it and evaluate again.") from error
        return text.split("\n")[:-1]


def ask_all(lab: Lab, contexts: Sequence[Context], kept: AnswersFile, most: int, on_progress: OnProgress) -> None:
    """Ask every model what hasn't been asked yet; `most` tokens a reply.

    Models take turns context by context, so that what else the machine does slows all of them alike.
    """
    left = [(context, name) for context in contexts for name in lab.names if (name, context.place) not in kept.found]
    total, started = len(contexts) * len(lab.names), datetime.now(UTC)
    for done, (context, name) in enumerate(left, start=1):
        with lab.as_model(name):
            began = time.monotonic()
            replies = lab.replies(context.prompts, most)
        kept.add(name, context.place, Replied(tuple(replies), time.monotonic() - began))
        note = f"{total - len(left)} were there already" if len(left) < total else ""
        on_progress(Progress("Asking the models (contexts)", done, len(left), started, note))


def _differences(head: str, about: Mapping[str, str]) -> str:
    try:
        before = dict(json.loads(head)["about"])
    except (ValueError, KeyError, TypeError):
        return "it isn't one of this version"
    return ", ".join(name for name in {**before, **about} if before.get(name) != about.get(name)) + " differ"
