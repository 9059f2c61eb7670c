"""The best of one rate where another reaches a bound, against Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import metrics
from kplug.errors import ArgumentValueError

Draw = Callable[..., list[Any]]
Feed = Callable[[Any, list[Any]], Any]
NAMES = [
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "PrecisionAtRecall",
    "RecallAtPrecision",
]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(
    bound=st.sampled_from([0.0, 0.25, 0.5, 0.8, 1.0]),
    count=st.sampled_from([1, 2, 3, 21, 200]),
    class_id=st.sampled_from([None, 1]),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    seed=st.integers(0, 2**16),
    weighting=st.sampled_from(["none", "rows", "zero"]),
)
def test_operating_points_equal_keras(
    name: str,
    bound: float,
    count: int,
    class_id: int | None,
    sizes: list[int],
    seed: int,
    weighting: str,
    draw_batches: Draw,
    feed: Feed,
) -> None:
    batches = draw_batches(sizes, 2, seed, weighting)
    arguments = {"num_thresholds": count, "class_id": class_id}
    ours = feed(getattr(metrics, name)(bound, **arguments), batches)
    oracle = feed(getattr(keras.metrics, name)(bound, **arguments), batches)
    torch.testing.assert_close(ours, oracle, rtol=1e-6, atol=1e-6)


def test_a_bound_out_of_reach_gives_zero() -> None:
    metric = metrics.RecallAtPrecision(0.9)
    assert metric([0, 0, 1], [0.9, 0.8, 0.1]).item() == 0.0


@pytest.mark.parametrize(
    ("name", "argument", "value", "allowed"),
    [
        ("SensitivityAtSpecificity", "specificity", 1.5, "a number in [0, 1]"),
        ("SpecificityAtSensitivity", "sensitivity", -0.1, "a number in [0, 1]"),
        ("PrecisionAtRecall", "recall", float("nan"), "a number in [0, 1]"),
        ("RecallAtPrecision", "precision", "high", "a number in [0, 1]"),
        ("RecallAtPrecision", "num_thresholds", 0, "an integer >= 1"),
    ],
)
def test_arguments_out_of_range(name: str, argument: str, value: Any, allowed: str) -> None:
    arguments = {"precision": 0.5} if argument == "num_thresholds" else {}
    with pytest.raises(ArgumentValueError) as caught:
        getattr(metrics, name)(**{**arguments, argument: value})
    assert f"argument {argument!r} is {value!r}; allowed: {allowed}" in str(caught.value)
