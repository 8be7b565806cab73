"""What a document is about: company, kind, period, date and language, found in its first pages."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from fnmatch import fnmatch

from dossier.records import Metadata
from retrieval.parsing.parsed import ParsedDocument

METADATA_VERSION = "1"
"""Changes whenever the same document would be described differently, so that older indexes are rebuilt."""

FIELDS = tuple(field.name for field in fields(Metadata))
_FIRST_PAGES = 3
_LOOK_AT = 8_000
_COVER = 600
"""Characters in which a filing names its form; further down it may name others."""
ANNUAL = "annual report"
_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october"]
_MONTHS += ["november", "december"]
MONTH = "|".join(_MONTHS)
"""A pattern of the months' names; one home, since questions and column heads are read for them too."""
_FORM = (
    r"(?:Inc|INC|Corp|CORP|Corporation|CORPORATION|Company|COMPANY|Co|Ltd|LTD|Limited|LIMITED|plc|PLC|LLC|L\.L\.C|LP|L\.P"
    r"|N\.V|AG|SE|GmbH|S\.A|Holdings|HOLDINGS|Group|GROUP)"
)
_WORD = r"(?:[A-Z0-9][\w&’'.-]*|[a-z]+[A-Z]\w*)"
_NAME = rf"(?<![\w’']){_WORD},?(?:[ ](?:{_WORD}|of|and|the|&),?){{0,5}}[ ]{_FORM}\b\.?"
_NO_NAME = re.compile(r"(?i)(?:(?:the|this|our|such|each|delaware|parent|holding|public|a|an|of|and)\s+)*[\w.]+\.?")
_REGISTRANT = re.compile(r"([^\n]{2,80})\n+\s*\(\s*exact\s+name\s+of\s+registrant", re.IGNORECASE)
_COMPANY = re.compile(_NAME)
_TICKER = re.compile(
    r"\(\s*(?:NYSE|NASDAQ|Nasdaq|LSE|AMEX)[^():]{0,20}:\s*([A-Z]{1,5})\s*\)|[Tt]rading [Ss]ymbol:?\s+([A-Z]{2,5})\b"
    r"|\b([A-Z]{1,5})\s+(?:The\s+)?(?:Nasdaq|NASDAQ|New York Stock Exchange|NYSE)\b"
)
_REPORT = re.compile(r"^\s*form\s+(10-k|10-q|8-k|20-f|6-k|s-1|40-f)(?:/a)?\b", re.IGNORECASE | re.MULTILINE)
_KINDS = (
    ("earnings release", r"\b(?:reports?|announces?|reported)\b.{0,80}\b(?:quarter|year|q[1-4])\b.{0,60}\bresults\b"),
    ("earnings release", r"\b(?:quarter|full[- ]year)\b.{0,40}\bresults\b"),
    (ANNUAL, r"\bannual report\b"),
    (
        "contract",
        r"\b(?:this|the)\s+(?:[\w-]+\s+){0,4}agreement\b.{0,200}\b(?:entered into|made|dated|by and between)\b",
    ),
    ("policy", r"\b(?:policy|policies|code of conduct|guidelines)\b"),
    ("handbook", r"\bhandbook\b"),
)
_KIND_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for kind, pattern in _KINDS)
_IN_TITLE_ONLY = frozenset(["policy", "handbook"])
_ENDED = re.compile(
    rf"(fiscal year|year|fiscal quarter|quarter|quarterly period|three months)[ -]+ended:?\s+"
    rf"(?:(?:on\s+)?(?P<month>{MONTH})\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})|"
    rf"(?P<day2>\d{{1,2}})\s+(?P<month2>{MONTH}),?\s+(?P<year2>\d{{4}}))",
    re.IGNORECASE,
)
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_QUARTER = re.compile(
    r"\b(first|second|third|fourth|[1-4](?:st|nd|rd|th))[- ]quarter"
    r"(?:\s+(?:of\s+)?(?:fiscal\s+)?(?:year\s+)?((?:19|20)\d\d))?"
    r"|\bq([1-4])\s*(?:fiscal\s*)?(?:fy\s*)?'?((?:19|20)?\d\d)\b",
    re.IGNORECASE,
)
_FISCAL = re.compile(r"\bfiscal (?:year )?((?:19|20)\d\d)\b", re.IGNORECASE)
_YEAR_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_DATE = re.compile(rf"\b({MONTH})\s+(\d{{1,2}}),?\s+(\d{{4}})\b|\b(\d{{1,2}})\s+({MONTH})\s+(\d{{4}})\b", re.IGNORECASE)
_WORDS = {
    "en": "the and of to in is that for with are this by be as on",
    "de": "der die und das ist nicht mit von den für auf ein eine zu im",
    "fr": "le la les des et est une dans pour que qui sur par pas aux",
    "es": "el los las de que y en una por con para del se su como",
    "it": "il di che e la per un una sono con del della nel gli alla",
    "nl": "de het een en van ik dat niet met voor zijn op aan is te",
    "pt": "o os as de que e do da em um uma para com não dos",
}
_LANGUAGES = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def describe(document: ParsedDocument, source: str) -> Metadata:
    """What a document is about. What its format says wins over what its text says."""
    text = "\n".join(page.text for page in document.pages[:_FIRST_PAGES])[:_LOOK_AT]
    name = source.rsplit("/", 1)[-1]
    report = _REPORT.search(text[:_COVER])
    kind = report.group(1).lower() if report else _kind(document.title, name, text)
    found = Metadata(
        company=_company(text, kind),
        ticker=next(("".join(found) for found in _TICKER.findall(text)), ""),
        kind=kind,
        period=_period(text, name, kind),
        date=_date(text, kind),
        language=language_of(document),
    )
    said = {field: value for field in FIELDS if (value := getattr(document.metadata, field))}
    return replace(found, **said)


def language_of(document: ParsedDocument) -> str:
    """The language by its commonest small words, empty where too few of them stand there."""
    middle = document.pages[len(document.pages) // 2].text if document.pages else ""
    words = Counter(re.findall(r"[^\W\d_]+", f"{document.pages[0].text[:4000]} {middle[:4000]}".lower()))
    counts = {language: sum(words[word] for word in known) for language, known in _LANGUAGES.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= max(3, 0.08 * sum(words.values())) else ""


def _company(text: str, kind: str) -> str:
    """The registrant of a filing; elsewhere the company that the first pages name most.

    Once is enough in a report, which is about its company; other documents name companies in passing.
    """
    registrant = _REGISTRANT.search(text)
    if registrant:
        return " ".join(registrant.group(1).split())
    names = Counter(_tidy(match.group()) for match in _COMPANY.finditer(text) if not _NO_NAME.fullmatch(match.group()))
    best = names.most_common(1)
    least = 1 if kind in (ANNUAL, "earnings release") else 2
    return best[0][0] if best and best[0][1] >= least else ""


def _tidy(name: str) -> str:
    return re.sub(r"^(?:The|And|Of)\s+", "", " ".join(name.split()))


def _kind(title: str, name: str, text: str) -> str:
    head = f"{title} {name.replace('_', ' ').replace('-', ' ')}"
    for kind, pattern in _KIND_PATTERNS:
        if pattern.search(head) or (kind not in _IN_TITLE_ONLY and pattern.search(text[:1500])):
            return kind
    return ""


def _period(text: str, name: str, kind: str) -> str:
    """Fiscal year, or year and quarter for quarterly documents."""
    ended = _ENDED.search(text)
    quarterly = kind in ("10-q", "earnings release")
    if quarterly:
        for ordinal, year, number, short in _QUARTER.findall(text[:3000]):
            quarter = _QUARTERS.get(ordinal.lower(), 0) or int(number or 0)
            year = year or (f"20{short}" if len(short) == 2 else short)
            if not year:
                fiscal = _FISCAL.search(text[:3000])
                year = fiscal.group(1) if fiscal else (ended.group("year") or ended.group("year2")) if ended else ""
            if quarter and year:
                return f"{year}-Q{quarter}"
    if ended and not quarterly and "year" in ended.group(1).lower():
        return str(ended.group("year") or ended.group("year2"))
    years = _YEAR_IN_NAME.findall(name)
    return str(years[-1]) if years else ""


def _date(text: str, kind: str) -> str:
    """The end of a report's period; elsewhere the first date of the document."""
    ended = _ENDED.search(text)
    if ended and kind in ("10-k", "10-q", ANNUAL):
        month, day = (ended.group("month") or ended.group("month2")), (ended.group("day") or ended.group("day2"))
        return _iso(ended.group("year") or ended.group("year2"), month, day)
    return date_in(text)


def date_in(text: str) -> str:
    """The first date that is written out in a text, in ISO 8601; empty where there is none."""
    found = _DATE.search(text)
    if not found:
        return ""
    month, day, year, day2, month2, year2 = found.groups()
    return _iso(year or year2, month or month2, day or day2)


def _iso(year: str, month: str, day: str) -> str:
    try:
        return date(int(year), _MONTHS.index(month.lower()) + 1, int(day)).isoformat()
    except ValueError:  # a 31st of February is no date
        return ""


def spoken(metadata: Metadata) -> str:
    """Metadata in the words that a question would use: `Apple Inc. annual report 10-K 2022`."""
    year, _, quarter = metadata.period.partition("-")
    kind = _KIND_WORDS.get(metadata.kind, metadata.kind)
    return " ".join(part for part in (metadata.company, kind, quarter, year) if part)


_KIND_WORDS = {"10-k": f"{ANNUAL} 10-K", "10-q": "quarterly report 10-Q"}


def corrections_for(source: str, rules: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """The corrections that hold for a document: of all patterns that match its path, later ones win."""
    found: dict[str, str] = {}
    for pattern, values in rules:
        if fnmatch(source, pattern):
            found.update(values)
    return found
