"""Spreadsheet values as people see them: percent, thousands, currency, decimals; dates in ISO 8601."""

import math
import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

_QUOTED = re.compile(r'"([^"]*)"|\\(.)|_.|\*.')
_SYMBOL = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
_BRACKET = re.compile(r"\[[^\]]*\]")
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]+)?,*")
_LONGEST_FORMAT = 255


class _Style(NamedTuple):
    """One section of a number format: what stands before and after the digits, and how these are written."""

    before: str
    after: str
    decimals: int
    thousands: bool
    scale: float
    general: bool


def shown(value: object, number_format: str) -> str:
    """A cell's value as text. Dates and times in ISO 8601, numbers as their format shows them, no formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        whole = value.replace(microsecond=0)
        return whole.date().isoformat() if whole.time() == time() else whole.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, number_format)
    return str(value)


def _number(value: float, number_format: str) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if number_format in ("General", "@", "") or len(number_format) > _LONGEST_FORMAT or abs(value) >= 1e300:
        return _plain(value)
    sections = _sections(number_format)
    section = sections[0]
    if value < 0 and len(sections) > 1:
        section, value = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    if section.general:
        return section.before or (_plain(value) if number_format.count(";") < 2 else "")
    scaled = value * section.scale
    digits = f"{abs(scaled):{',' if section.thousands else ''}.{section.decimals}f}"
    sign = "-" if scaled < 0 and float(digits.replace(",", "")) else ""
    return f"{sign}{section.before}{digits}{section.after}".strip()


def _plain(value: float) -> str:
    """As the format General shows it: whole numbers without a point, others with up to ten digits."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.10g}"


@lru_cache(maxsize=2000)
def _sections(number_format: str) -> tuple[_Style, ...]:
    return tuple(_style(section) for section in _split(number_format)[:3])


def _split(number_format: str) -> list[str]:
    """Sections at semicolons that aren't quoted."""
    parts, quoted = [""], False
    for character in number_format:
        quoted ^= character == '"'
        if character == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _style(section: str) -> _Style:
    section = _BRACKET.sub("", _SYMBOL.sub(r'"\1"', section))
    marks: list[str] = []

    def keep(match: re.Match[str]) -> str:
        marks.append(match.group(1) or match.group(2) or "")
        return chr(0xE000 + len(marks) - 1)

    bare = _QUOTED.sub(keep, section)
    match = _DIGITS.search(bare)

    def restored(text: str) -> str:
        text = re.sub(r"[#0?,.]|[Ee][+-]", "", text)
        return "".join(marks[ord(c) - 0xE000] if 0xE000 <= ord(c) < 0xE000 + len(marks) else c for c in text)

    if match is None:
        return _Style(restored(bare).replace("General", "").replace("@", "").strip(), "", 0, False, 1, True)
    digits = match.group()
    core = digits.rstrip(",")
    scale = 1000.0 ** -(len(digits) - len(core)) * (100 if "%" in bare else 1)
    decimals = len(core.partition(".")[2])
    before, after = restored(bare[: match.start()]), restored(bare[match.end() :])
    return _Style(before.strip(), after.rstrip(), decimals, "," in core.partition(".")[0], scale, False)
