"""Timestamps in the format of a site."""

from __future__ import annotations

from datetime import datetime, timezone

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def current_time() -> str:
    """Return the time in UTC, such as ``2026-01-31T12:00:00Z``."""
    return format_time(datetime.now(timezone.utc))


def format_time(time: datetime) -> str:
    """Return a time in UTC as a site writes it, so that texts have the order of times."""
    return time.strftime(_FORMAT)


def parse_time(text: str) -> datetime:
    """Return the time of a text of `format_time`."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=timezone.utc)
