"""Makes a follow-up a question that stands alone: what it leaves out comes from the question before.

Nothing here asks a model. A question that says all it needs stays as it is; when in doubt, so does any other, since a
company or a year that nobody meant is worse than a question that finds too little.
"""

import re
from collections.abc import Collection, Sequence

from dossier.records import Turn
from retrieval.chunk_store import words_of
from retrieval.query import STOP_WORDS
from serving.follow_ups.names import HEAD, Name, names_in
from serving.follow_ups.periods import period_of, quarters_in, relative_in, replaced, shifted, years_in

LONGEST = 1000
"""Characters of a question that is put together; a longer one stays as it was asked."""
_CONNECTOR = re.compile(
    r"^(?:and|but|or|also|then|so|ok(?:ay)?|now|(?:and\s+)?(?:what|how)\s+about|what\s+of|(?:the\s+)?same\s+(?:for|question\s+for)"
    r")\b[\s,:]*",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"\b(?:compare[sd]?|comparison|versus|vs|against|relative to)\b", re.IGNORECASE)
_MEASURE = re.compile(r"^(?:what|how\s+(?:much|many|large|high|big|low|small))\b", re.IGNORECASE)
_PAST, _PRESENT = (
    re.compile(r"\b(?:was|were|did|had)\b", re.IGNORECASE),
    re.compile(r"\b(?:is|are|do|does|has)\b", re.I),
)
_OWN = re.compile(r"(?<!\band )\b(?:its|their|the same company[’']s)(?=\s)", re.IGNORECASE)
_WHO = re.compile(
    r"\b(?:it|they|them|the same company)\b(?!\s+(?:take|takes|possible|allowed|true|necessary|to)\b)",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"\b(?:(?:in|for|of|during)\s+)?(?:that|the same) (?:fiscal )?(?:year|quarter|period)\b|\bthen(?=\s*\?)",
    re.IGNORECASE,
)
_THAT = re.compile(
    r"\b(?:that|this|those|these)(?=\s*(?:[?.!,]|$|(?:is|was|were|are|compares?|means?|happen|change|more|less|higher|lower"
    r"|in|from|for|per|as|due|includes?|come|represent|excluding|including|before|after|so|divided|times|multiplied|plus|minus|over|to|than)\b))",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\b(?:what|much|many|high|large|low)\s+(?:was|were|is|are|would)\s+(?:it|they)\b"
    r"|\b(?:of|to|from|for|in|about|on|with)\s+(?:it|them)\b",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"\b(?:it|that|this|they)\s+(?:gr[eo]w|ris|rose|f[ae]ll|increas|decreas|chang|declin|drop|shr[aiu]nk"
    r"|(?:go|goes|went) (?:up|down))",
    re.IGNORECASE,
)
"""What rises or falls is what was asked for, not the company."""
_ASKS = re.compile(r"\b(?:what|how|which|who|when|where|why|did|was|were|is|are)\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|we|our|us)\b")
_COURTESY = re.compile(
    r"(?:\W*\b(?:thanks?|thank you|a lot|ok(?:ay)?|great|yes|no|hello|hi|good|nice|please|perfect|sorry)\b)+\W*",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(r"^(?:is|was|are|were|did|does|do|has|had)\b", re.IGNORECASE)
_SECOND_CLAUSE = re.compile(
    r"(?:[,;.]|\band)\s+(?:\w+\s+)?(?:what|how|who|when|where|why|did|does|do|is|was)\b", re.IGNORECASE
)
_GENERIC = frozenset(
    words_of(
        "year years quarter quarters fiscal period one ones too well instead same percent percentage dollars euros "
        "millions total details detail example exactly compare compared compares comparison versus vs against relative "
        "happen"
    )
)
_STARTS_SO = re.compile(r"[a-z]+[A-Z]|[^a-z]")
"""Beginnings that no capital is put to: `eBay`."""
_CALCULATING = frozenset(
    words_of(
        "change changes difference ratio increase decrease variation growth sum average two both net combined "
        "percentage amount value portion represent times divided numerically"
    )
)
"""Words that ask to compute with what was asked before."""
_MOVING = frozenset(
    words_of(
        "grow grew grown rise rose risen fall fell fallen increase increased decrease decreased change changed decline "
        "declined drop dropped shrink shrank go goes went gone up down fast quickly"
    )
)
_FEW, _FRAGMENT = 4, 2


def condense(question: str, history: Sequence[Turn], companies: Collection[str] = ()) -> str:
    """The question made standalone by those before it, the same where it is so already.

    Subject, measure, company and period come from the question before unless the follow-up names its own; `the year
    before` and its like are worked out. `companies` are stems of words that name companies in the documents.
    """
    before = ""
    for turn in history:
        if turn.role == "user" and turn.text.strip():
            before = _standalone(turn.text.strip(), before, companies)
    return _standalone(question, before, companies)


def _standalone(question: str, before: str, companies: Collection[str]) -> str:
    core = _without_connectors(question.strip())
    if not before or not core or _COURTESY.fullmatch(question):
        return question
    made = _made(core, before, companies, linked=core != question.strip())
    if made is None or len(made) > LONGEST:
        return question
    return made if _STARTS_SO.match(made) else made[0].upper() + made[1:]


def _made(core: str, before: str, companies: Collection[str], linked: bool) -> str | None:
    """The follow-up standing alone; None: it does already. `linked`: it began with `and` or its like."""
    names = names_in(core, companies, linked)
    own = _own_words(core, names)
    that = _THAT.search(core) is not None
    slots = bool(names or years_in(core) or quarters_in(core) or relative_in(core))
    if not own:
        if that and _YES_OR_NO.match(core):
            return f"{before} {core}"
        if _COMPARES.search(core) and slots and (linked or that or _WHO.search(core) or not HEAD.match(core)):
            return _compared(core, before, names)
        if slots and (linked or that or not HEAD.match(core) or _WHO.search(core) or relative_in(core)):
            return _filled(core, before, names, companies)
        bare = len(core.split()) <= _FEW or that
        return f"{before} {core}" if bare and not slots else None
    in_time = _in_time(core, before)
    if _MOVES.search(core) and not names and set(own) <= _MOVING | _CALCULATING:
        return f"{before} {in_time}"
    if any(name.company for name in names):
        return in_time if in_time != core else None
    company = _company_of(before, companies)
    of_value = _VALUE.search(core) is not None
    refers = _OWN.search(in_time) or _WHO.search(in_time)
    if company and refers and not (names or of_value or _SECOND_CLAUSE.search(core)):
        return _with_period(_with_company(in_time, company), before)
    own_affair = _FIRST_PERSON.search(core) is not None
    if that or (set(own) <= _CALCULATING and not own_affair) or (of_value and (linked or not own_affair)):
        return f"{before} {in_time}"
    made = _carried(in_time, before, company, linked or in_time != core)
    return made or (in_time if in_time != core else None)


def _carried(core: str, before: str, company: str, linked: bool) -> str | None:
    """A question about something else of the same company and period."""
    if _FIRST_PERSON.search(core):
        return None
    words = len(_own_words(core, ()))
    fragment = not _ASKS.search(core) and words <= (_FEW if linked else _FRAGMENT)
    same_tense = any(tense.search(core) and tense.search(before) for tense in (_PAST, _PRESENT))
    if not fragment and not (linked and _MEASURE.match(core) and same_tense):
        return None
    if not company and not period_of(before):
        return None
    said = core.rstrip(" ?.!")
    said = (
        f"What about {said[0].lower() + said[1:2] if said[1:2].islower() else said[:2]}{said[2:]}" if fragment else said
    )
    made = _with_period(f"{said} for {company}?" if company else f"{said}?", before, always=True)
    return made if made.rstrip(" ?.!") != core.rstrip(" ?.!") else None


def _compared(core: str, before: str, names: Sequence[Name]) -> str:
    relative = relative_in(core)
    moved = shifted(before, relative) if relative else None
    periods = [period_of(moved)] if moved else [period_of(core)] if period_of(core) else []
    named = [name.text for name in names]
    with_what = " in ".join(part for part in (" and ".join(named), *periods) if part)
    return f"{before.rstrip(' ?.!')} compared with {with_what}?" if with_what else f"{before} {core}"


def _filled(core: str, before: str, names: Sequence[Name], companies: Collection[str]) -> str:
    """The question before with the company and the period that the follow-up names."""
    relative = relative_in(core)
    made = before
    if relative:
        moved = shifted(before, relative)
        if moved is None:
            return f"{before} {core}"
        made = moved
    years, there = years_in(core), years_in(made)
    if years and len(years) == len(there):
        made = replaced(made, there, [year.number for year in years])
    elif years and not there:
        made = _appended(made, f"in {period_of(core) or core[years[0].start : years[0].end]}")
    elif years:
        return f"{before} {core}"
    made = _with_quarter(core, made)
    for name in names:
        made = _renamed(made, name, core, companies)
    return made


def _with_quarter(core: str, made: str) -> str:
    quarters, there = quarters_in(core), quarters_in(made)
    if len(quarters) != 1 or (there and len(there) != 1):
        return made
    if there:
        return replaced(made, there, [quarters[0].number])
    years = years_in(made)
    if len(years) == 1:
        at = re.search(r"(?:fiscal (?:year )?)?$", made[: years[0].start], re.IGNORECASE)
        start = at.start() if at else years[0].start
        return f"{made[:start]}Q{quarters[0].number} {made[start:]}"
    return _appended(made, f"in Q{quarters[0].number}")


def _renamed(made: str, name: Name, core: str, companies: Collection[str]) -> str:
    """The question with a name in the place of the one that it takes: a company's for a company's, else a place's."""
    there = names_in(made, companies, False)
    alike = [one for one in there if one.company is name.company and one.text != name.text]
    taken = (alike[0] if name.company else alike[-1]) if alike else None
    if taken is None:
        lead = re.search(r"\b(in|for|at|of|on|with)\s+(?:the\s+)?$", core[: name.start], re.IGNORECASE)
        return made if name.text in made else _appended(made, f"{lead[1].lower() if lead else 'for'} {name.text}")
    front, new = made[: taken.start], name.text
    if not name.company:
        front = re.sub(r"\bthe\s+$", "", front, flags=re.IGNORECASE)
        new = f"the {new}" if re.search(r"\bthe\s+$", core[: name.start], re.IGNORECASE) else new
    return front + new + made[taken.end :]


def _in_time(core: str, before: str) -> str:
    """The follow-up with `the year before` and `that year` worked out, as far as the question before tells."""
    relative = relative_in(core)
    if relative and not years_in(core):
        moved = shifted(before, relative)
        period = period_of(moved) if moved else ""
        if period:
            lead = core[relative.start :].split()[0] if relative.lead else "in"
            return f"{core[: relative.start]}{lead} {period}{core[relative.end :]}"
    if (then := _THEN.search(core)) and (period := period_of(before)):
        lead = core[then.start() :].split()[0].lower()
        lead = lead if lead in ("for", "of", "during") else "in"
        return f"{core[: then.start()]}{lead} {period}{core[then.end() :]}"
    return core


def _with_company(core: str, company: str) -> str:
    core = _OWN.sub(lambda _: f"{company}’s" if "’" in core else f"{company}'s", core, count=1)
    return _WHO.sub(company, core, count=1) if company not in core else core


def _with_period(core: str, before: str, always: bool = False) -> str:
    """The question with the period of the one before, where it asks how much something was and names none."""
    period = period_of(before)
    if not period or years_in(core) or quarters_in(core):
        return core
    asks = always or (_MEASURE.match(core) and _PAST.search(core))
    return _appended(core, f"in {period}") if asks else core


def _appended(question: str, phrase: str) -> str:
    bare = question.rstrip(" ?.!")
    return f"{bare} {phrase}{question[len(bare) :].strip() or '?'}"


def _without_connectors(question: str) -> str:
    while (core := _CONNECTOR.sub("", question, count=1)) != question:
        question = core
    return question


def _company_of(question: str, companies: Collection[str]) -> str:
    return next((name.text for name in names_in(question, companies, False) if name.company), "")


def _own_words(core: str, names: Sequence[Name]) -> list[str]:
    """The words of a follow-up that say what it asks for, apart from names and periods."""
    blank = core
    spans = [(one.start, one.end) for one in names]
    spans += [(one.start, one.end) for one in (*years_in(core), *quarters_in(core))]
    if relative := relative_in(core):
        spans.append((relative.start, relative.end))
    for start, end in spans:
        blank = blank[:start] + " " * (end - start) + blank[end:]
    blank = _OWN.sub(" ", re.sub(r"\bthe same company\b", " ", _THEN.sub(" ", blank), flags=re.IGNORECASE))
    return [word for word in words_of(blank) if word not in STOP_WORDS and word not in _GENERIC and len(word) > 1]
