"""Numbers of a counter-based generator, which any language can repeat exactly."""

from __future__ import annotations

import hashlib
from functools import lru_cache

_MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15
LIMIT = 2**21  # numbers are odd and smaller


@lru_cache(maxsize=512)
def draw(stream: str, count: int) -> tuple[int, ...]:
    """Return the first distinct numbers of a stream: odd integers between 0 and 2²¹.

    A number is 2k + 1, where k is the upper 20 bits of SplitMix64 at a counter. The counter starts at the
    first 8 bytes of the stream's SHA-256. A number that came before in the stream is left out, so there are
    no ties.

    Args:
        stream: Its name.
        count: How many.

    Example:
        >>> draw("x", 3)
        (1537471, 3333, 720031)
    """
    state = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "big")
    found: dict[int, None] = {}
    while len(found) < count:
        state = (state + _STEP) & _MASK
        found.setdefault((_mix(state) >> 44) * 2 + 1)
    return tuple(found)


def _mix(state: int) -> int:
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
