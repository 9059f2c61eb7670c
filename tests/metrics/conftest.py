"""Targets, scores and weights that the tests of several metrics draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray


class Batch(NamedTuple):
    """Yes/no targets, scores in [0, 1] and weights of one batch."""

    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    weights: NDArray[Any] | None


def draw_batches(
    sizes: list[int], columns: int, seed: int, weighting: str, steps: int = 20
) -> list[Batch]:
    """Return batches of shape (size, columns); scores are rounded, so that ties occur.

    Args:
        sizes: Rows of each batch.
        columns: Columns of each.
        seed: Seed of the draws.
        weighting: ``"none"``, ``"rows"``, ``"values"`` or ``"zero"``.
        steps: How many different scores there are, besides 0.
    """
    generator = np.random.default_rng(seed)
    batches = []
    for size in sizes:
        y_true = generator.integers(0, 2, (size, columns)).astype("float32")
        y_pred = (generator.integers(0, steps + 1, (size, columns)) / steps).astype("float32")
        weights = {
            "none": None,
            "rows": generator.integers(0, 4, size).astype("float32"),
            "values": generator.integers(0, 4, (size, columns)).astype("float32"),
            "zero": np.zeros(size, "float32"),
        }[weighting]
        batches.append(Batch(y_true, y_pred, weights))
    return batches


def feed(metric: Any, batches: Iterable[Iterable[Any]]) -> Any:
    """Let a metric, ours or Keras's, see batches of targets, predictions and weights."""
    for batch in batches:
        metric.update_state(*(None if each is None else torch.tensor(each) for each in batch))
    return metric.result()


@pytest.fixture(scope="session", name="draw_batches")
def draw_batches_fixture() -> Callable[..., list[Batch]]:
    """The function that draws batches."""
    return draw_batches


@pytest.fixture(scope="session", name="feed")
def feed_fixture() -> Callable[[Any, Iterable[Iterable[Any]]], Any]:
    """The function that lets a metric see batches."""
    return feed
