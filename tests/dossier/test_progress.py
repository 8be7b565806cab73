"""How progress is told where there is no terminal."""

from datetime import UTC, datetime, timedelta

import pytest

from dossier.progress import ProgressDisplay
from dossier.records import Progress


def test_a_line_tells_how_far_how_long_and_how_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    started = datetime.now(UTC) - timedelta(seconds=60)
    with ProgressDisplay() as display:
        display(Progress("Tuning (steps)", 2, 3, started, "loss 1.500"))
    assert capsys.readouterr().err.strip() == "Tuning (steps): 2 of 3, 30 s left (loss 1.500)"
