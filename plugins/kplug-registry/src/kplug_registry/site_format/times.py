"""Timestamps in the format of a site."""

from __future__ import annotations

from datetime import datetime, timezone


def current_time() -> str:
    """Return the time in UTC, such as ``2026-01-31T12:00:00Z``."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
