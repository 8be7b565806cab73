"""The last hour in memory."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from serving.health_history import EVERY_SECONDS, KEPT, HealthHistory, Sample, disk_of, memory_of_machine


def sample(number: int) -> Sample:
    at = datetime(2026, 11, 26, tzinfo=UTC) + timedelta(seconds=EVERY_SECONDS * number)
    return Sample(at, True, True, True, 0, 0, (), None, None)


def test_an_hour_is_kept_and_no_more() -> None:
    history = HealthHistory()
    for number in range(KEPT + 10):
        history.add(sample(number))
    kept = history.samples
    assert len(kept) == KEPT
    assert (kept[0], kept[-1]) == (sample(10), sample(KEPT + 9))
    assert kept[-1].at - kept[0].at < timedelta(hours=1)


def test_disk_and_memory_are_this_machines(tmp_path: Path) -> None:
    for room in (disk_of(tmp_path), disk_of(tmp_path / "not" / "there" / "yet"), memory_of_machine()):
        assert room is not None
        assert 0 < room.used <= room.total
