"""Numbers that pick something: a fraction would be dropped without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kplug import backend as K, ops
from kplug.backend.indices import to_indices
from kplug.errors import DataError
from kplug.training.jit.tracing import trace

ROWS = np.arange(8.0).reshape(4, 2)
PICKING: dict[str, Callable[[Any], Any]] = {
    "K.one_hot": lambda places: K.one_hot(places, 4),
    "K.gather": lambda places: K.gather(ROWS, places),
    "ops.one_hot": lambda places: ops.one_hot(places, 4),
    "ops.multi_hot": lambda places: ops.multi_hot(places, 4),
    "ops.take": lambda places: ops.take(ROWS, places, axis=0),
    "ops.take_along_axis": lambda places: ops.take_along_axis(np.arange(4.0), places),
    "ops.bincount": lambda places: ops.bincount(places, minlength=4),
    "ops.segment_sum": lambda places: ops.segment_sum(ROWS[:2], places, 4),
    "ops.scatter": lambda places: ops.scatter(places[:, None], np.ones(2), (4,)),
    "ops.scatter_update": lambda places: ops.scatter_update(
        np.ones(4), places[:, None], np.ones(2)
    ),
    "ops.in_top_k": lambda places: ops.in_top_k(places, ROWS[:2], 1),
}


@pytest.mark.parametrize("wrong", [0.5, float("nan"), -float("inf")])
@pytest.mark.parametrize("name", PICKING)
def test_fractions_are_refused(name: str, wrong: float) -> None:
    for places in (np.array([1.0, wrong]), torch.tensor([1.0, wrong])):
        with pytest.raises(DataError, match=rf"picks by whole numbers, got {wrong}"):
            PICKING[name](places)


@pytest.mark.parametrize("name", PICKING)
def test_floats_may_hold_integers(name: str) -> None:
    pick = PICKING[name]
    assert torch.equal(pick(np.array([1.0, 0.0])), pick(np.array([1, 0])))


def test_nothing_is_read_while_torch_traces() -> None:
    places = torch.tensor([1.5])
    graph = trace(lambda given: [to_indices(given, "take") + 1], [places])
    assert "item" not in graph.graph.code
    assert to_indices(torch.empty(2, device="meta"), "take").dtype is torch.int64
