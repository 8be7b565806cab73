"""Fictional companies for question sets whose pages don't say whose they are.

In a folder of filings many pages belong to one company, and people name it. Sets such as TAT-QA have neither names in
their questions nor file names; a model that learns from them alone forgets that names matter. Each table is therefore
given one of a few invented companies, and half of the questions name it.
"""

import hashlib
import re
from collections import Counter

COMPANIES = (
    "Aldermere", "Brackwell", "Corvane", "Dunmore Systems", "Elmsport", "Fenwick Energy", "Garrowby", "Halvern",
    "Ironbridge Foods", "Jarrow Networks", "Kestrel Bio", "Lowmoor", "Merrivale", "Northlea Software", "Oakhurst",
    "Pellingham", "Quorndale", "Rookwood Air", "Stannard", "Tarleton Retail",
)  # fmt: skip
_YEAR = re.compile(r"\b20[012]\d\b")
_ASKS = re.compile(r"^((?:what|how much|how high) (?:was|were|is|are)) (?:the company's |the )", re.IGNORECASE)
_STYLES = ("{upper}_{year}_10K.txt", "{lower}-annual-report-{year}.txt", "{name} 10-K {year}.txt")


def company_of(group: str) -> str:
    """The invented company that a table belongs to."""
    return COMPANIES[_number(group, "company") % len(COMPANIES)]


def named_file(group: str, text: str) -> str:
    """A file name such as `HALVERN_2019_10K.txt`; the year is the latest that the text names more than once."""
    name = company_of(group)
    years = [year for year, count in Counter(_YEAR.findall(text)).items() if count > 1]
    style = _STYLES[_number(group, "style") % len(_STYLES)]
    words = re.sub(r"\W+", "_", name)
    return style.format(
        upper=words.upper(), lower=words.lower().replace("_", "-"), name=name, year=max(years, default="2019")
    )


def with_name(question: str, group: str) -> str:
    """Half of the questions with the company's name, as people ask."""
    if _number(question, "named") % 2:
        return question
    name = company_of(group)
    if re.search(r"\bthe company\b", question, re.IGNORECASE):
        return re.sub(r"\bthe company\b", name, question, count=1, flags=re.IGNORECASE)
    asked = _ASKS.sub(rf"\1 {name}'s ", question)
    return asked if asked != question else f"{name}: {question}"


def _number(text: str, purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{purpose}:{text}".encode()).digest()[:4])
