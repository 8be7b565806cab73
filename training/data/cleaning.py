"""Repairs the text of examples and masks personal data in it; each distinct text is looked at once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dossier.records import Metadata
from training.data.example import Context, Example
from training.data.masking import masked

Change = Callable[[str], str]


class Cleaner:
    """Cleans examples and counts what it did.

    `repaired` counts texts that were changed by kind of repair, `masks` personal data by kind; a text that many
    examples share (a page with six questions) counts once.
    """

    def __init__(self) -> None:
        self.repaired = 0
        self.masks: Counter[str] = Counter()
        self._known: dict[tuple[str, bool], str] = {}
        self._config: Any = None

    def clean(self, example: Example) -> Example:
        """The example with its texts repaired and masked; figures of its table stay as they are."""
        context = Context(
            self._text(example.context.title),
            tuple(tuple(self._cell(cell) for cell in row) for row in example.context.rows),
            tuple(self._text(paragraph) for paragraph in example.context.paragraphs),
        )
        answer = replace(
            example.answer,
            texts=tuple(self._text(text) for text in example.answer.texts),
            evidence=tuple(self._text(text) for text in example.answer.evidence),
        )
        about = example.origin.about
        named = Metadata(self._cell(about.company), about.ticker, about.kind, about.period, about.date, about.language)
        return replace(
            example,
            question=self._text(example.question),
            answer=answer,
            context=context,
            origin=replace(example.origin, about=named),
            instruction=self._text(example.instruction),
            history=tuple(replace(turn, text=self._text(turn.text)) for turn in example.history),
        )

    def _text(self, text: str) -> str:
        return self._cleaned(text, False)

    def _cell(self, text: str) -> str:
        return self._cleaned(text, True)

    def _cleaned(self, text: str, figures: bool) -> str:
        known = self._known.get((text, figures))
        if known is None:
            repaired = self._repair(text)
            self.repaired += repaired != text
            known = self._known[text, figures] = masked(repaired, self.masks, figures)
        return known

    def _repair(self, text: str) -> str:
        import ftfy

        if text.isascii() and text.isprintable() and "&" not in text:
            return text
        if self._config is None:
            # typographic quotes are right as they are: documents have them, and answers quote documents
            self._config = ftfy.TextFixerConfig(uncurl_quotes=False)
        return str(ftfy.fix_text(text, self._config))
