"""How the news watch is, in a small file that whoever shows it reads."""

import json
from dataclasses import dataclass
from datetime import datetime

from dossier.durable import write_text
from dossier.settings import Settings

_FILE = "news-watch.json"


@dataclass(frozen=True, slots=True)
class WatchState:
    """When the watch looked last, the seconds between two looks, and what went wrong then; empty: nothing."""

    at: datetime
    every: float
    problem: str = ""


def tell_state(settings: Settings, state: WatchState) -> None:
    """Leave word. Raises EnvironmentProblem where home can't be written."""
    settings.home.mkdir(parents=True, exist_ok=True)
    told = {"at": state.at.isoformat(), "every": state.every, "problem": state.problem}
    write_text(settings.home / _FILE, json.dumps(told))


def state_told(settings: Settings) -> WatchState | None:
    """What was left; None where no watch has looked yet, or the file is damaged: the next look writes it anew."""
    try:
        told = json.loads((settings.home / _FILE).read_text(encoding="utf-8"))
        return WatchState(datetime.fromisoformat(told["at"]), float(told["every"]), str(told["problem"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
