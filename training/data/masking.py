"""Personal data in texts: found by pattern and check digits, replaced by what it was."""

import re
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from dossier.evidence import is_row

EMAIL = "e-mail address"
IBAN = "IBAN"
CARD = "card number"
SSN = "US social security number"
PHONE = "phone number"
NAME = "name"
KINDS = (EMAIL, IBAN, CARD, SSN, PHONE, NAME)

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(
    r"(?<![\d.,$€£-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|3[47]\d\d([ -])\d{6}\2\d{5})(?![\d%]|[.,]\d)"
)
_UNBROKEN = re.compile(r"(?<![\w.,$€£-])\d{13,19}(?![\w%]|[.,]\d)")
_CARDS = re.compile(r"\b(?:credit|debit|cards?|visa|mastercard|amex|american express)\b", re.IGNORECASE)
_SSN = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")
_PHONE = re.compile(
    r"(?<![\w.,$€£+-])(?:\+\d{1,3}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}"
    r"|(?:1[ .-])?\(\d{3}\) ?\d{3}[ .-]\d{4}|(?:1[.-])?\d{3}([.-])\d{3}\1\d{4})(?![\w%]|[.,-]\d)"
)
_NAME = re.compile(
    r"(?P<lead>\b[Mm]y name(?: is|'s) |\b[Tt]his is (?=[A-Z]\w+ [A-Z]\w+ (?:speaking|calling))"
    r"|(?:^|\n)(?:Kind regards|Best regards|Regards|Sincerely|Yours sincerely|Yours truly),?\n)"
    r"(?P<name>[A-Z][a-zA-Z'’-]+(?: [A-Z][a-zA-Z'’-]*\.?){0,2})"
)


class Place(StrEnum):
    """Where a text stands: what people wrote, a page of a document, or a cell of a table."""

    PROSE = "prose"
    PAGE = "page"
    CELL = "cell"


def masked(text: str, counts: Counter[str], place: Place = Place.PROSE) -> str:
    """A text with personal data replaced by `[kind]`, added to `counts`.

    In cells digits are left alone: only what letters give away (e-mail addresses, IBANs with right check digits) is
    masked, so that no figure of a table ever is. Lines of a page that are rows of a table are treated alike, unless
    they speak of cards.
    """
    if "@" in text:
        text = _replaced(text, _EMAIL, EMAIL, counts)
    text = _replaced(text, _IBAN, IBAN, counts, is_iban)
    if place is Place.CELL:
        return text
    lines = [_line(line, counts, place) for line in text.split("\n")]
    return _NAME.sub(lambda match: _counted(NAME, counts, match["lead"]), "\n".join(lines))


def is_card(digits: str) -> bool:
    """Whether digits can be a payment card's number: an issuer's first digits and Luhn's check digit (ISO/IEC 7812)."""
    plain = re.sub(r"[ -]", "", digits)
    if not re.match(r"4|5[1-5]|2[2-7]|3[0467-9]|6[0245]", plain) or len(set(plain)) == 1:
        return False
    total = sum(_doubled(int(digit)) if place % 2 else int(digit) for place, digit in enumerate(reversed(plain)))
    return 13 <= len(plain) <= 19 and total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN: its check digits are right (ISO 13616, modulo 97)."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _line(line: str, counts: Counter[str], place: Place) -> str:
    if not any(character.isdigit() for character in line):
        return line
    if (
        place is Place.PAGE and is_row(line) and not _CARDS.search(line)
    ):  # four groups of four digits may be four figures, sixteen digits without a gap are none
        return _replaced(line, _UNBROKEN, CARD, counts, is_card)
    line = _replaced(line, _CARD, CARD, counts, is_card)
    line = _replaced(line, _SSN, SSN, counts)
    return _replaced(line, _PHONE, PHONE, counts)


def _doubled(digit: int) -> int:
    return digit * 2 - 9 * (digit > 4)


def _replaced(
    text: str, pattern: re.Pattern[str], kind: str, counts: Counter[str], right: Callable[[str], bool] | None = None
) -> str:
    def one(match: re.Match[str]) -> str:
        return _counted(kind, counts) if right is None or right(match[0]) else match[0]

    return pattern.sub(one, text)


def _counted(kind: str, counts: Counter[str], lead: str = "") -> str:
    counts[kind] += 1
    return f"{lead}[{kind}]"
