"""The setting `min-age`: how long ago a release has to be published before it is chosen."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_AGE = re.compile(r"(\d{1,5}) (hour|day|week)s?")
_HOURS = {"hour": 1, "day": 24, "week": 7 * 24}


def parse_age(text: str) -> timedelta | None:
    """Return the age in a text; None for a text that is none.

    Example:
        >>> parse_age("2 days"), parse_age("soon")
        (datetime.timedelta(days=2), None)
    """
    found = _AGE.fullmatch(text)
    return timedelta(hours=int(found[1]) * _HOURS[found[2]]) if found else None


def find_lack_of_age(wanted: str, published: str) -> str | None:
    """Return why a release is too young, or None if it is old enough.

    Args:
        wanted: The age that it needs.
        published: When it was published, in UTC, as ``2026-01-31T12:00:00Z``.
    """
    least = parse_age(wanted) or timedelta()
    try:
        moment = datetime.strptime(published, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return f"is {wanted}, and nothing says when it was published"
    age = datetime.now(timezone.utc) - moment
    if age >= least:
        return None
    when = f"{_describe(age)} ago" if age >= timedelta() else "in the future by the clock here"
    return f"is {wanted}, and it was published {when}, at {published}"


def _describe(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    count, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{count} {unit}{'s' * (count != 1)}"
