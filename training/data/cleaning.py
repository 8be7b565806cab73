"""Repairs the text of examples and masks personal data in it; each distinct text is looked at once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from training.data.example import Context, Example, Task
from training.data.masking import Place, masked

Change = Callable[[str], str]


class Cleaner:
    """Cleans examples and counts what it did.

    `repaired` counts texts that were changed by kind of repair, `masks` personal data by kind; a text that many
    examples share (a page with six questions) counts once.
    """

    def __init__(self) -> None:
        self.repaired = 0
        self.masks: Counter[str] = Counter()
        self._known: dict[tuple[str, Place], str] = {}
        self._config: Any = None

    def clean(self, example: Example) -> Example:
        """The example with its texts repaired and masked; figures of its table stay as they are."""
        page, told = self._page, self._prose
        context = Context(
            page(example.context.title),
            tuple(tuple(self._cell(cell) for cell in row) for row in example.context.rows),
            tuple(page(paragraph) for paragraph in example.context.paragraphs),
        )
        answers = told if example.task in (Task.CHAT, Task.INTENT) else page
        answer = replace(
            example.answer,
            texts=tuple(answers(text) for text in example.answer.texts),
            evidence=tuple(page(text) for text in example.answer.evidence),
        )
        return replace(
            example,
            question=page(example.question) if example.task is Task.ENTITIES else told(example.question),
            answer=answer,
            context=context,
            instruction=told(example.instruction),
            history=tuple(replace(turn, text=told(turn.text)) for turn in example.history),
        )

    def _prose(self, text: str) -> str:
        return self._cleaned(text, Place.PROSE)

    def _page(self, text: str) -> str:
        return self._cleaned(text, Place.PAGE)

    def _cell(self, text: str) -> str:
        return self._cleaned(text, Place.CELL)

    def _cleaned(self, text: str, place: Place) -> str:
        known = self._known.get((text, place))
        if known is None:
            repaired = self._repair(text)
            self.repaired += repaired != text
            known = self._known[text, place] = masked(repaired, self.masks, place)
        return known

    def _repair(self, text: str) -> str:
        import ftfy

        if text.isascii() and text.isprintable() and "&" not in text:
            return text
        if self._config is None:
            # typographic quotes are right as they are: documents have them, and answers quote documents
            self._config = ftfy.TextFixerConfig(uncurl_quotes=False)
        return str(ftfy.fix_text(text, self._config))
