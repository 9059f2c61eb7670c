"""``samples_per_epoch`` of Keras 1: converts a number of samples to a number of batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from kplug_keras2.warning import warn_once


def count_samples(
    data: Any, options: dict[str, Any], old: str, today: str
) -> tuple[dict[str, int], Any]:
    """Convert a number of samples to a number of batches; also return the data.

    Args:
        data: The iterator of batches.
        options: The arguments; the old one is removed.
        old: The argument that counts samples, such as ``samples_per_epoch``.
        today: The argument that counts batches.

    Returns:
        The present argument, if the old one was given; and the data including the inspected batch.
    """
    samples = options.pop(old, None)
    if samples is None:
        return {}, data
    warn_once(old, f"{old}= is Keras 1's name and counts samples; today {today}= counts batches")
    size = getattr(data, "batch_size", None)
    if size:
        return {today: _divide(samples, size)}, data
    if not isinstance(data, Iterator):
        return {}, data
    first = next(data)
    return {today: _divide(samples, _count(first))}, itertools.chain([first], data)


def _divide(samples: int, size: int) -> int:
    return max(-(-int(samples) // size), 1)


def _count(batch: Any) -> int:
    """Return the number of samples of a batch."""
    one = batch
    while isinstance(one, (list, tuple, dict)):
        one = next(iter(one.values() if isinstance(one, dict) else one))
    return max(len(one), 1)
