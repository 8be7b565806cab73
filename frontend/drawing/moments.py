"""Moments in the reader's own time zone."""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

_UTC: Final = "UTC"


def zone_name() -> str:
    """The time zone that the browser tells, else `UTC`."""
    told = st.context.timezone or _UTC
    return told if _known(told) else _UTC


def zone() -> tzinfo:
    """The reader's time zone."""
    name = zone_name()
    return UTC if name == _UTC else ZoneInfo(name)


def day(moment: datetime | None, never: str) -> str:
    """`26 November 2026` where the reader is; `never` where there is no moment."""
    if moment is None:
        return never
    there = moment.astimezone(zone())
    return f"{there.day} {there:%B %Y}"


def second(moment: datetime) -> str:
    """`2026-11-26 13:45:07` where the reader is."""
    return f"{moment.astimezone(zone()):%Y-%m-%d %H:%M:%S}"


def _known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a browser may say anything
        return False
    return True
