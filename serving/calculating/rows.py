"""Which row of the tables found an operand is, and in which of its columns a year stands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dossier.amounts import amount_in
from dossier.excerpts import Excerpt
from retrieval.chunk_store import words_of
from retrieval.metadata import date_in
from retrieval.query import STOP_WORDS, stem

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PERCENT = re.compile(r"%")
_SHARE_COLUMN = re.compile(r"%|\bpercent|\bchange\b|\bincrease\b|\(decrease\)|\bvariance\b", re.IGNORECASE)
PART_OF_YEAR = re.compile(
    r"\b(?:three|six|nine|thirteen|1[34]|26|39) (?:months|weeks)\b|\bquarter|\bQ[1-4]\b|\bsix-month", re.IGNORECASE
)
_BRACKETS = re.compile(r"\([^)]*\)")
_FREE = frozenset(
    map(stem, ("total", "net", "consolidated", "overall", "amount", "figure", "value", "paid", "pay", "reported"))
)
"""Words that rows and questions have or leave out without meaning another row."""
_SILENT = STOP_WORDS - {"other", "before", "after", "all", "own"}
_IGNORED = frozenset(
    stem(word)
    for word in """percent percentage cent share proportion part portion fraction growth grow grew grown change
    changed changes rise rose risen fall fell fallen increase increased decrease decreased decline declined drop
    dropped gain climb relative rate fast quickly difference add added sum together combined average mean year
    years fiscal quarter quarters first second third fourth half ended ending end ends month months january
    february march april may june july august september october november december company business decimal
    decimals place places period periods calendar previous prior compared comparison large high big report
    reported post posted make made earn earned dollars dollar usd time times respectively put spend spent bring
    brought came come was what which how much many go goes went up down point points""".split()  # noqa: SIM905 (a paragraph reads better than a hundred quoted words)
)
FORMULA_WORDS = frozenset(
    stem(word)
    for word in """statement basis figures level compute calculate work whole sheet one two three reach reached
    effective effectively pay left leave after before less minus taking take earlier achieve achieved show showed record
    recorded
    group firm corporation come get got yield""".split()  # noqa: SIM905 (a paragraph reads better)
)
"""Words of questions about a formula that don't say of what."""
_LEAST = 0.62
"""Score below which a row isn't taken for what the question calls it."""
_CAPTION_WORTH = 0.6
"""What a word of the caption counts, beside one of the label."""


@dataclass(frozen=True, slots=True)
class Match:
    """A row that an operand may be: excerpt by its number from 1, row from 0 with the heads, and how well it fits."""

    excerpt: int
    row: int
    score: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A period: a year, whether a part of it is meant, and the names of the documents that are about that part.

    `shares`: whether a row of percentages may be meant.
    """

    year: str
    part: bool = False
    current: frozenset[str] = frozenset()
    shares: bool = False


def variants(words: str, synonyms: Mapping[str, str], names: frozenset[str]) -> list[frozenset[str]]:
    """The stems of an operand's words, as asked and with each synonym in place of what was asked.

    `names` are stems of the company's name, which rows don't repeat.
    """
    plain = _BRACKETS.sub(" ", words.lower().replace("’s", "").replace("'s", ""))
    texts = [plain]
    for term, other in synonyms.items():
        pattern = rf"(?<!\w){re.escape(term)}(?!\w)"
        texts += [re.sub(pattern, other, text) for text in texts if re.search(pattern, text)][:4]
    found = [telling(text) - names for text in texts]
    return [stems for stems in dict.fromkeys(found) if stems]


def telling(text: str) -> frozenset[str]:
    """The stems of a text that tell one row from another."""
    words = [word for word in words_of(text) if word not in _SILENT and not word.isdigit()]
    return frozenset(stem(word) for word in words) - _IGNORED


def matches(wanted: Sequence[frozenset[str]], excerpts: Sequence[Excerpt]) -> list[Match]:
    """The rows that may be meant, the best first; earlier excerpts first among equals."""
    found = [
        Match(number, row, score)
        for number, excerpt in enumerate(excerpts, start=1)
        for row, score in _scored(wanted, excerpt)
        if score >= _LEAST
    ]
    return sorted(found, key=lambda match: (-round(match.score, 2), match.excerpt, match.row))


def _scored(wanted: Sequence[frozenset[str]], excerpt: Excerpt) -> Iterator[tuple[int, float]]:
    totals = " ".join(cells[0] for cells in excerpt.rows[1:] if cells[0].lower().startswith("total"))
    caption = telling(f"{excerpt.header} {' '.join(excerpt.rows[0])} {totals}")
    for row, cells in enumerate(excerpt.rows[1:], start=1):
        group, _, own = _BRACKETS.sub(" ", cells[0]).rpartition(": ")
        label, above = telling(own), telling(group)
        if label:
            alone = max(_fit(one, label, caption | above) for one in wanted)
            # `Gross margin percentage: Services` is both its words and its group's
            yield row, max(alone, *(_fit(one, label | above, caption) for one in wanted)) if above else alone


def _fit(wanted: frozenset[str], label: frozenset[str], caption: frozenset[str]) -> float:
    """How much of what is wanted the label (less so what is above it) has, and how little else the label has."""
    asked = (wanted - _FREE) or wanted
    own = (label - _FREE) or label
    hit = asked & own
    if not hit:
        return 0.0
    told = (asked - own) & caption
    cover = (len(hit) + _CAPTION_WORTH * len(told)) / len(asked)
    focus = len(hit) / len(own)
    exact = 0.05 * (own == asked) + 0.05 * bool(wanted & label & _FREE)
    return cover * focus + exact


def column_of(excerpt: Excerpt, row: int, asked: Asked) -> int | None:
    """The column of the period asked for in which the row has an amount.

    None where there is none, or where several differ.
    """
    heads, cells = excerpt.rows[0], excerpt.rows[row]
    shares = all(_PERCENT.search(cell) for cell in cells[1:] if amount_in(cell) is not None)
    if shares and not asked.shares:
        return None
    fitting = [
        at
        for at in range(1, len(cells))
        if {asked.year} == set(_YEAR.findall(heads[at]))
        and amount_in(cells[at]) is not None
        and (shares or not (_PERCENT.search(cells[at]) or _SHARE_COLUMN.search(heads[at])))
    ]
    around = f" {heads[0]} {excerpt.heading}"
    parts = [
        at for at in fitting if PART_OF_YEAR.search(heads[at] if "year" in heads[at].lower() else heads[at] + around)
    ]
    chosen = parts if asked.part else [at for at in fitting if at not in parts]
    if asked.part and excerpt.document in asked.current:
        dates = {at: date_in(f"{heads[at]} {heads[0]}") or date_in(heads[at]) for at in chosen}
        chosen = [at for at in chosen if dates[at] and dates[at] == max(filter(None, dates.values()), default="")]
    amounts = {amount_in(cells[at]) for at in chosen}
    return chosen[0] if len(amounts) == 1 else None


def years_of(excerpt: Excerpt) -> list[str]:
    """The years that the columns name, the latest first."""
    return sorted({year for head in excerpt.rows[0][1:] for year in _YEAR.findall(head)}, reverse=True)


def belong_together(part: str, whole: str) -> bool:
    """Whether two labels stand in one group of a table, or the part's group is what the whole is called."""
    group, _, _ = part.rpartition(": ")
    other, _, own = whole.rpartition(": ")
    return bool(group) and (group == other or bool(telling(group) & (telling(own) - _FREE)))


def in_other_group(excerpt: Excerpt, part_row: int, whole_row: int) -> bool:
    """Whether a part stands among amounts that the whole isn't the sum of: a segment's income under a sum of sales."""
    part, whole = excerpt.rows[part_row][0], excerpt.rows[whole_row][0]
    return ": " in part and not belong_together(part, whole)


def shares_a_measure(part: Excerpt, part_row: int, whole: Excerpt, whole_row: int) -> bool:
    """Whether a part's label or caption names what the whole is: a segment's income is no share of all revenue."""
    measure = telling(_BRACKETS.sub(" ", whole.rows[whole_row][0])) - _FREE
    return bool(measure & (telling(part.header) | telling(" ".join(part.rows[0])) | telling(part.rows[part_row][0])))
