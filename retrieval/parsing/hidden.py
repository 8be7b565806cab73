"""What a reader leaves out because a person wouldn't see it, counted so that the document's warning can say so."""

import re
from collections import Counter

from retrieval.parsing.parsed import clean_text, invisible_count

MAX_CHARACTERS = 20_000_000
"""Most text read of one file: about 10,000 pages. PDF has its own bounds."""
_ENCODED = re.compile(r"[!-~]{2000,}")
"""No language has words this long: encoded data or minified code, which would fill the index with noise."""
_MANY_INVISIBLE = 20


class Notes:
    """Collects what was left out of one document, and words it: hidden pieces by kind, and what was cut short."""

    def __init__(self) -> None:
        self._hidden: Counter[str] = Counter()
        self._invisible = 0
        self._encoded = 0
        self._remarks: list[str] = []

    def hide(self, kind: str, count: int = 1) -> None:
        """Count `count` hidden pieces. `kind` reads after the number: `in white letters`, `on hidden sheets`."""
        self._hidden[kind] += count

    def remark(self, text: str) -> None:
        """Add a plain sentence without a full stop, once."""
        if text not in self._remarks:
            self._remarks.append(text)

    def clean(self, text: str) -> str:
        """`clean_text` that counts the invisible characters and takes out runs of encoded data."""
        self._invisible += invisible_count(text)
        text, runs = _ENCODED.subn(" ", clean_text(text))
        self._encoded += runs
        if len(text) > MAX_CHARACTERS:
            self.remark(f"only the first {MAX_CHARACTERS:,} of {len(text):,} characters were read; split the file")
            text = text[:MAX_CHARACTERS]
        return text

    def warning(self) -> str:
        """Everything left out, in plain words; empty when nothing was."""
        parts = list(self._remarks)
        if self._hidden:
            total = sum(self._hidden.values())
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self._hidden.items()))
            parts.append(f"hidden text was left out ({total} {'piece' if total == 1 else 'pieces'}: {kinds})")
        if self._invisible >= _MANY_INVISIBLE:
            parts.append(f"{self._invisible} invisible characters were left out")
        if self._encoded:
            parts.append(f"{self._encoded} very long runs without spaces (encoded data) were left out")
        return "; ".join(parts)
