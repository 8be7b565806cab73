"""What a heading or a row's label is about, without what changes from one period to the next."""

import re

_NUMBERING = re.compile(
    r"^(?:(?:note|item|part|section|article|chapter|schedule|exhibit|annex)\s+[\divxlc]+[a-z]?\b|\d+(?:\.\d+)*|\([a-z\d]{1,3}\)|[a-z]\))"
    r"[\s.:)–—-]+(?=\S)"
)
_YEAR = re.compile(r"\b(?:fy\s?)?(?:19|20)\d\d\b|\bfy\s?\d\d\b")
_PERIOD = re.compile(
    r"\b(?:first|second|third|fourth)[ -]quarter\b|\b[1-4]q\b|\bq[1-4]\b|\bquarter\b"
    r"|\b(?:three|six|nine|twelve) months\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d{1,2}\b,?"
    r"|\b\d{1,2}\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
)
_PAGE = re.compile(r"(?<=[a-z)\]])\s*\.*\s+\d{1,3}$")
"""The page number behind a line of a table of contents."""
_LENGTHS = {
    3: r"\b(?:quarter|three months|q[1-4])\b|\b3 months\b",
    6: r"\b(?:six|6) months\b|\bhalf[- ]year\b",
    9: r"\b(?:nine|9) months\b",
    12: r"\b(?:twelve|12) months\b|\byears? ended\b|\bfiscal years?\b|\bfull year\b",
}
_REST = re.compile(r"[^\w%]+")


def about(heading: str) -> str:
    """A heading as it is compared: without numbering, years, quarters and days, in lower case."""
    text = " ".join(heading.casefold().split())
    bare = _REST.sub(" ", _PERIOD.sub(" ", _YEAR.sub(" ", _NUMBERING.sub("", _PAGE.sub("", text))))).strip()
    return bare or _REST.sub(" ", text).strip()


def column_about(head: str) -> str:
    """A column's head as it is compared: empty for one that says only when."""
    text = " ".join(head.casefold().split())
    bare = _REST.sub(" ", _PERIOD.sub(" ", _YEAR.sub(" ", text))).strip()
    return re.sub(r"\b(?:fiscal|year|years|period|ended|ending|as of|at|the|for)\b", " ", bare).strip()


def year_in(text: str) -> int:
    """The latest year that a text names; 0: none."""
    return max((int(year) for year in re.findall(r"\b(?:19|20)\d\d\b", text)), default=0)


def months_in(head: str) -> int:
    """How many months a column's head says that its values cover; 0: it doesn't say."""
    text = head.casefold()
    for months, words in _LENGTHS.items():
        if re.search(words, text):
            return months
    return 0
