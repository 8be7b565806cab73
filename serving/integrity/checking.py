"""Which numbers of a text stand in none of the others."""

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
_MARKER = re.compile(r"\[\d+\]")
_LIST_NUMBER = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")


def numbers_missing(text: str, texts: Sequence[str]) -> list[str]:
    """Numbers of a text (citation markers and list numbers aside) that stand in none of the other texts."""
    known = {_plain(number) for other in texts for number in _NUMBER.findall(other)}
    said = _NUMBER.findall(_LIST_NUMBER.sub("", _MARKER.sub("", text)))
    return list(dict.fromkeys(number for number in said if _plain(number) not in known))


def _plain(number: str) -> str:
    digits = number.replace(",", "").rstrip(".")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
