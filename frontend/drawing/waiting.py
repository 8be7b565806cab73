"""Words for how long something takes."""

import math


def remaining(seconds: float | None) -> str:
    """`, about 40 seconds left`, or nothing if it isn't known."""
    return "" if seconds is None else f", about {duration(seconds)} left"


def duration(seconds: float) -> str:
    """A length of time as people say it: in fives of seconds below a minute, else in minutes or hours."""
    if seconds < 60:
        fives = max(5, math.ceil(seconds / 5) * 5)
        return f"{fives} seconds" if fives < 60 else "1 minute"
    if seconds < 3600:
        return counted(math.ceil(seconds / 60), "minute")
    return counted(round(seconds / 3600), "hour")


def counted(number: int, one: str, many: str = "") -> str:
    """`1 page`, `1,200 pages`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
