"""How progress is told where there is no terminal."""

from datetime import UTC, datetime, timedelta

import pytest

from dossier.progress import ProgressDisplay, by_clock, seconds_left
from dossier.records import Progress


def test_a_line_tells_how_far_how_long_and_how_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    started = datetime.now(UTC) - timedelta(seconds=60)
    with ProgressDisplay() as display:
        display(Progress("Tuning (steps)", 2, 3, started, "loss 1.500"))
    assert capsys.readouterr().err.strip() == "Tuning (steps): 2 of 3, 30 s left (loss 1.500)"


def test_work_told_by_the_clock_says_when_it_takes_longer_than_usual() -> None:
    now = datetime.now(UTC)
    early, late = (
        by_clock("Starting", 50, now - timedelta(seconds=10)),
        by_clock("Starting", 50, now - timedelta(seconds=90)),
    )
    assert (early.stage, early.done, early.total, early.note) == ("Starting (seconds)", 10, 50, "")
    assert (late.total, late.note) == (0, "longer than usual")
    assert seconds_left(late) is None
