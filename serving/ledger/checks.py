"""Finds unusual entries: by rules that say themselves why, and by an isolation forest, explained column by column."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.ledger.entries import Entry

FEWEST = 100
"""Entries below which no forest is grown: it would call the rarest of a handful unusual."""
_FEWEST_OF_ACCOUNT = 8
_FAR = 6.0
_NORMAL = 1.4826
"""The median absolute deviation times this is the standard deviation of normally distributed amounts."""
_ROUND = 1_000
_RARE = 0.1
"""Share of an account's entries below which a trait of its entries is rare."""
_SEED = 20
_TREES = 200
_NAMED = 2
_COLUMNS = ("amount for its account", "day of the week", "day of the month", "account", "roundness of the amount")

Features = npt.NDArray[np.float64]
"""A row an entry, a column for each of _COLUMNS."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An unusual entry and why. `score` is the forest's, from 0 to 1 (higher: more unusual); None without a forest."""

    entry: Entry
    reasons: tuple[str, ...]
    score: float | None


def check_entries(entries: Sequence[Entry], share: float) -> list[Finding]:
    """The unusual entries: most reasons first, then the forest's score. `share` of the entries are the forest's.

    A finding is something to look at, not an error or a fraud.
    """
    reasons: dict[int, list[str]] = defaultdict(list)
    for rule in (_duplicates, _far, _round, _weekend):
        for at, reason in rule(entries).items():
            reasons[at].append(reason)
    scores: npt.NDArray[np.float64] | None = None
    if len(entries) >= FEWEST:
        scores, told = _isolated(entries, share)
        for at, reason in told.items():
            reasons[at].append(reason)
    found = [
        Finding(entries[at], tuple(why), float(scores[at]) if scores is not None else None)
        for at, why in reasons.items()
    ]
    return sorted(found, key=lambda one: (-len(one.reasons), -(one.score or 0), one.entry.line))


def features_of(entries: Sequence[Entry]) -> Features:
    """What the forest sees of each entry: how far the amount is from its account's median, when, how rare the account.

    The distance is counted in median absolute deviations and goes in as its inverse hyperbolic sine, so that one huge
    amount doesn't hide large ones.
    """
    counts = Counter(entry.account for entry in entries)
    distances = np.arcsinh(_distances(entries))
    return np.array(
        [
            [
                distance,
                entry.day.weekday(),
                entry.day.day,
                -np.log(counts[entry.account] / len(entries)),
                _zeros(entry.amount),
            ]
            for entry, distance in zip(entries, distances, strict=True)
        ],
        dtype=np.float64,
    )


def _isolated(entries: Sequence[Entry], share: float) -> tuple[npt.NDArray[np.float64], dict[int, str]]:
    """Scores and reasons by an isolation forest (Liu, Ting and Zhou, 2008, section 2): few splits part the unusual.

    A column made an entry unusual when the entry with the column's median instead would score lower.
    """
    from sklearn.ensemble import IsolationForest

    features = features_of(entries)
    forest = IsolationForest(n_estimators=_TREES, random_state=_SEED).fit(features)
    scores = np.asarray(-forest.score_samples(features), dtype=np.float64)
    first = np.argsort(-scores, kind="stable")[: max(1, round(share * len(entries)))]
    middle = np.median(features, axis=0)
    changed = np.repeat(features[first][:, None, :], len(_COLUMNS), axis=1)
    columns = np.arange(len(_COLUMNS))
    changed[:, columns, columns] = middle
    after = -np.asarray(forest.score_samples(changed.reshape(-1, len(_COLUMNS)))).reshape(len(first), -1)
    told = {}
    for at, lowered in zip(first.tolist(), after, strict=True):
        drops = scores[at] - lowered
        named = [column for column in np.argsort(-drops, kind="stable")[:_NAMED].tolist() if drops[column] > 0]
        if named:
            told[at] = f"unusual together: {', '.join(_COLUMNS[column] for column in named)}"
    return scores, told


def _duplicates(entries: Sequence[Entry]) -> dict[int, str]:
    first: dict[tuple[object, ...], Entry] = {}
    found = {}
    for at, entry in enumerate(entries):
        same = first.setdefault((entry.day, entry.account, entry.amount, entry.party.lower()), entry)
        if same is not entry:
            found[at] = f"same date, account, amount and party as line {same.line}"
    return found


def _far(entries: Sequence[Entry]) -> dict[int, str]:
    counts = Counter(entry.account for entry in entries)
    medians = _medians(entries)
    return {
        at: f"amount {entry.amount:,.2f} is far from account {entry.account}'s median {medians[entry.account]:,.2f}"
        for at, (entry, distance) in enumerate(zip(entries, _distances(entries), strict=True))
        if abs(distance) > _FAR and counts[entry.account] >= _FEWEST_OF_ACCOUNT
    }


def _round(entries: Sequence[Entry]) -> dict[int, str]:
    flags = [entry.amount != 0 and entry.amount % _ROUND == 0 for entry in entries]
    return {
        at: f"amount {entries[at].amount:,.2f} is in round thousands, as {count} of {of} of account "
        f"{entries[at].account} are"
        for at, (count, of) in _rare(entries, flags).items()
    }


def _weekend(entries: Sequence[Entry]) -> dict[int, str]:
    flags = [entry.day.weekday() >= 5 for entry in entries]
    return {
        at: f"date {entries[at].day} is a {entries[at].day:%A}, as {count} of {of} of account {entries[at].account} "
        "are at a week-end"
        for at, (count, of) in _rare(entries, flags).items()
    }


def _rare(entries: Sequence[Entry], flags: Sequence[bool]) -> dict[int, tuple[int, int]]:
    """The flagged entries of accounts that seldom have any: how many do, of how many."""
    counts = Counter(entry.account for entry in entries)
    flagged = Counter(entry.account for entry, flag in zip(entries, flags, strict=True) if flag)
    return {
        at: (flagged[entry.account], counts[entry.account])
        for at, (entry, flag) in enumerate(zip(entries, flags, strict=True))
        if flag and counts[entry.account] >= _FEWEST_OF_ACCOUNT and flagged[entry.account] <= _limit(counts, entry)
    }


def _limit(counts: Counter[str], entry: Entry) -> float:
    return max(1.0, _RARE * counts[entry.account])


def _medians(entries: Sequence[Entry]) -> dict[str, float]:
    amounts: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        amounts[entry.account].append(entry.amount)
    return {account: float(np.median(found)) for account, found in amounts.items()}


def _distances(entries: Sequence[Entry]) -> npt.NDArray[np.float64]:
    """(amount - median) / (1.4826 MAD) of the account; where over half of its amounts are the same, MAD is 1% of it."""
    medians = _medians(entries)
    away: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        away[entry.account].append(abs(entry.amount - medians[entry.account]))
    spreads = {
        account: float(np.median(found)) or max(abs(medians[account]) * 0.01, 0.01) for account, found in away.items()
    }
    return np.array(
        [(entry.amount - medians[entry.account]) / (_NORMAL * spreads[entry.account]) for entry in entries],
        dtype=np.float64,
    )


def _zeros(amount: float) -> int:
    """How many zeros an amount in whole cents ends in."""
    cents = f"{round(abs(amount) * 100)}"
    return len(cents) - len(cents.rstrip("0")) if amount else 0
