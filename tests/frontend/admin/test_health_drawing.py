"""The last hour as bars."""

import re
from datetime import UTC, datetime, timedelta

from frontend.admin.health_drawing import MINUTES, hour_html, minutes_of, parts_html
from frontend.admin.health_records import Health, Part, Room, Sample

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
GIB = 1 << 30


def sample(seconds_ago: float, **more: object) -> Sample:
    known = {
        "well": True, "running": 0, "silent": 0, "typical": None, "slowest": None,
        "disk": Room(10 * GIB, 100 * GIB), "memory": Room(4 * GIB, 16 * GIB),
    }  # fmt: skip
    return Sample(NOW - timedelta(seconds=seconds_ago), **{**known, **more})  # type: ignore[arg-type]


def drawn(*samples: Sample) -> str:
    health = Health("0", (), 0, 0, 56, samples, ())
    return hour_html(health, minutes_of(samples, NOW))


def spoken(html: str) -> list[str]:
    return re.findall(r'aria-label="([^"]*)"', html)


def test_samples_fall_into_their_minutes() -> None:
    samples = (sample(3601), sample(3599), sample(61), sample(59), sample(0))
    minutes = minutes_of(samples, NOW)
    assert len(minutes) == MINUTES
    assert minutes[0] == (samples[1],)
    assert minutes[-2] == (samples[2],)
    assert minutes[-1] == (samples[3], samples[4])
    assert not any(minutes[1:-2])


def test_readiness_is_counted_in_minutes_that_are_known() -> None:
    html = drawn(sample(200), sample(130, well=False), sample(125), sample(10))
    assert spoken(html)[0] == "Ready for questions, the last hour: in 2 of 3 minutes"
    assert html.count('class="ill"') == 1


def test_a_minutes_bar_is_its_highest_and_the_scale_ends_at_the_highest_of_all() -> None:
    html = drawn(sample(100, running=8), sample(50, running=2), sample(40, running=4))
    assert "Answers under way, the last hour: latest 4, at most 8" in spoken(html)
    heights = re.findall(r'style="height:(\d+)%" title="(\d)"', html)
    assert heights[:2] == [("100", "8"), ("50", "4")]


def test_one_answer_is_not_drawn_as_many() -> None:
    assert ("25", "1") in re.findall(r'style="height:(\d+)%" title="(\d)"', drawn(sample(5, running=1)))


def test_what_is_not_known_is_said() -> None:
    found = spoken(drawn(sample(5, disk=None, memory=None)))
    assert found[3].endswith("no answers")
    assert [one.rsplit(": ", 1)[1] for one in found[4:]] == ["not known", "not known"]
    assert spoken(drawn())[0].endswith("not known yet")


def test_waiting_times_memory_and_a_full_disk() -> None:
    found = spoken(drawn(sample(80, slowest=6.25), sample(5, slowest=1.0, disk=Room(95 * GIB, 100 * GIB))))
    assert found[3] == "Wait for the first words (slowest), the last hour: latest 1.0 s, at most 6.2 s"
    assert found[4].endswith("4.0 of 16.0 GiB used")
    assert found[5].endswith("95.0 of 100.0 GiB used, almost full")


def test_what_a_part_says_is_text() -> None:
    html = parts_html([Part("Index", False, "missing", "<b>There</b> is none.")])
    assert "&lt;b&gt;There" in html
    assert 'class="state bad">missing' in html


def test_reading_what_the_gateway_tells() -> None:
    room = {"used": 1, "total": 2}
    told = {
        "version": "1", "running": 2, "silent": 1, "room": 56, "every_seconds": 15, "unknown": ["The queue."],
        "now": {
            "ready": False, "engine": {"state": "failed", "message": "It stopped."},
            "model": {"adapter": "ab", "degraded": False, "message": "It was shipped (against it: much; and `more`)"},
            "index": {"generation": "", "documents": 0, "chunks": 0, "message": "There is none."},
            "store": {"state": "ready", "message": ""},
        },
        "samples": [{
            "at": NOW.isoformat(), "engine": True, "index": False, "store": True, "running": 1, "silent": 0, "spoke": 0,
            "first_typical": None, "first_slowest": None, "disk": room, "memory": None,
        }],
    }  # fmt: skip
    found = Health.read(told)
    assert [(part.well, part.state) for part in found.parts] == [
        (False, "failed"), (True, "tuned"), (False, "missing"), (True, "ready"),
    ]  # fmt: skip
    assert found.parts[1].message == "It was shipped. The page Models says what speaks against it."
    assert found.parts[2].message == "There is none."
    assert Health.read({**told, "news": None}).parts == found.parts
    news = Health.read({**told, "news": {"state": "failing", "at": None, "message": "wire: it is gone."}}).parts[-1]
    assert (news.name, news.well, news.state, news.message) == ("News", False, "failing", "wire: it is gone.")
    assert (found.samples[0].well, found.samples[0].disk, found.samples[0].memory) == (False, Room(1, 2), None)
