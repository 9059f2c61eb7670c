"""Limits of uploads: their size, their duration and their rate."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The limits of a server.

    Args:
        size: The greatest size of a request in bytes.
        seconds: The time limit for receiving a request.
        rate: Uploads a minute, from one address and with one token.
    """

    size: int = 100 << 20
    seconds: float = 300
    rate: int = 60


class RateLimit:
    """A rate limit with fixed windows of a minute; only the current window is kept.

    Args:
        rate: The limit for each sender in a minute.
        clock: Returns the time in seconds.

    Example:
        >>> limit = RateLimit(1, clock=lambda: 90.0)
        >>> limit.count("192.0.2.1"), limit.count("192.0.2.1")
        (0, 30)
    """

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._minute = 0
        self._counts: Counter[str] = Counter()

    def count(self, sender: str) -> int:
        """Count a request, and return the seconds that the sender has to wait, or 0."""
        minute, second = divmod(int(self._clock()), _MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        self._counts[sender] += 1
        return _MINUTE - second if self._counts[sender] > self._rate else 0
