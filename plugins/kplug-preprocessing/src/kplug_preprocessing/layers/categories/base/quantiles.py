"""Streaming quantiles: summaries of bounded size, merged batch by batch."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

# Ascending values, and the count that each represents: shape (2, values).
Summary: TypeAlias = "np.ndarray[Any, np.dtype[np.float32]]"

EMPTY: Summary = np.zeros((2, 0), dtype="float32")


def summarize(numbers: Any, error: float) -> Summary:
    """Return about 1 / error numbers, evenly spaced by rank, with the count that each represents.

    Example:
        >>> summarize([3.0, 1.0, 2.0], 0.01)[0].tolist()
        [1.0, 2.0, 3.0]
    """
    ordered = np.sort(np.asarray(numbers, dtype="float32").reshape(-1))
    step = max(ordered.size * error, 1.0)
    kept = ordered[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, step)])


def merge(first: Summary, second: Summary, error: float) -> Summary:
    """Merge two summaries."""
    joined = np.concatenate([first, second], axis=1)
    return compress(joined[:, np.argsort(joined[0])], error)


def compress(summary: Summary, error: float) -> Summary:
    """Return a summary of 1 / error values, interpolated by the shares below them."""
    if summary.shape[1] * error < 1:
        return summary
    shares = error + np.arange(0.0, 1.0, error)
    below = summary[1].cumsum()
    values = np.interp(shares, below / below[-1], summary[0])
    counts = np.diff(np.interp(shares, below / below[-1], below), prepend=0.0)
    return np.stack([values, counts]).astype("float32")
