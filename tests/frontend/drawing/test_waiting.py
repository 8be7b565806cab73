"""Words for lengths of time."""

import pytest

from frontend.drawing.waiting import counted, duration, remaining


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "5 seconds"),
        (4.2, "5 seconds"),
        (41, "45 seconds"),
        (57, "1 minute"),
        (61, "2 minutes"),
        (3599, "60 minutes"),
        (7200, "2 hours"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_remaining_says_nothing_where_nothing_is_known() -> None:
    assert remaining(None) == ""
    assert remaining(12) == ", about 15 seconds left"


def test_counted() -> None:
    assert counted(1, "page") == "1 page"
    assert counted(1200, "page") == "1,200 pages"
