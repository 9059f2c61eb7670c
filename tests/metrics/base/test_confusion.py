"""Counts, precision and recall against Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import metrics
from kplug.errors import ArgumentValueError, DataError
from tests.told import telling

Draw = Callable[..., list[Any]]
Feed = Callable[[Any, list[Any]], Any]

COUNTS = ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"]
THRESHOLDS = st.one_of(
    st.none(),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.sampled_from([[0.5], [0.2, 0.8], [0.8, 0.2], [0.0, 0.5, 1.0], [0.0, 0.25, 0.5, 0.75, 1.0]]),
)
SIZES = st.lists(st.integers(1, 8), min_size=1, max_size=3)
WEIGHTINGS = st.sampled_from(["none", "rows", "values", "zero"])


@pytest.mark.parametrize("name", [*COUNTS, "Precision", "Recall"])
@settings(max_examples=20, deadline=None)
@given(
    thresholds=THRESHOLDS,
    sizes=SIZES,
    columns=st.integers(1, 3),
    seed=st.integers(0, 2**16),
    weighting=WEIGHTINGS,
)
def test_counts_and_shares_equal_keras(
    name: str,
    thresholds: Any,
    sizes: list[int],
    columns: int,
    seed: int,
    weighting: str,
    draw_batches: Draw,
    feed: Feed,
) -> None:
    batches = draw_batches(sizes, columns, seed, weighting)
    ours = feed(getattr(metrics, name)(thresholds=thresholds), batches)
    oracle = feed(getattr(keras.metrics, name)(thresholds=thresholds), batches)
    torch.testing.assert_close(ours, oracle, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["Precision", "Recall"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"top_k": 1},
        {"top_k": 2},
        {"top_k": 2, "thresholds": 0.4},
        {"class_id": 1},
        {"class_id": 0, "top_k": 2},
        {"class_id": 2, "thresholds": [0.2, 0.6]},
    ],
)
@pytest.mark.parametrize("weighting", ["none", "rows", "zero"])
def test_best_scores_and_single_classes_equal_keras(
    name: str, arguments: dict[str, Any], weighting: str, draw_batches: Draw, feed: Feed
) -> None:
    generator = np.random.default_rng(3)
    scores = generator.permuted(np.tile([0.1, 0.35, 0.5, 0.7], (30, 1)), axis=1)
    truth = generator.integers(0, 2, (30, 4))
    weights = draw_batches([30], 4, 3, weighting)[0][2]
    batches = [(truth, scores.astype("float32"), weights)]
    ours = feed(getattr(metrics, name)(**arguments), batches)
    oracle = feed(getattr(keras.metrics, name)(**arguments), batches)
    torch.testing.assert_close(ours, oracle)


@pytest.mark.parametrize("name", [*COUNTS, "Precision", "Recall"])
@pytest.mark.parametrize(
    ("y_shape", "p_shape"), [((6,), (6,)), ((6,), (6, 1)), ((6, 1), (6,)), ((2, 3, 2), (2, 3, 2))]
)
def test_every_rank_is_pooled(
    name: str, y_shape: tuple[int, ...], p_shape: tuple[int, ...]
) -> None:
    generator = torch.Generator().manual_seed(1)
    y = torch.randint(0, 2, y_shape, generator=generator)
    p = torch.rand(p_shape, generator=generator)
    pooled = getattr(metrics, name)()(y.reshape(-1, 1), p.reshape(-1, 1))
    assert torch.equal(getattr(metrics, name)()(y, p), pooled)


@pytest.mark.parametrize("name", [*COUNTS, "Precision", "Recall"])
def test_no_rows_change_nothing(name: str) -> None:
    metric = getattr(metrics, name)()
    metric.update_state(torch.zeros(0, 2), torch.zeros(0, 2))
    assert metric.result().item() == 0.0


def test_logits_take_the_threshold_zero() -> None:
    metric = metrics.Recall(thresholds=0)
    assert metric([1, 1, 0], [-3.0, 5.0, 2.0]).item() == 0.5


def test_counts_do_not_stop_at_the_limit_of_float32() -> None:
    metric = metrics.TruePositives()
    metric.state["accumulator"].fill_(2.0**24)
    metric.update_state([1.0], [1.0])
    assert metric.state["accumulator"].item() == 2.0**24 + 1


def test_thresholds_are_kept_as_they_were_given() -> None:
    metric = metrics.Precision(thresholds=(0.4, 0.9))
    assert metric.thresholds == [0.4, 0.9]
    assert metric.get_config()["thresholds"] == [0.4, 0.9]
    assert metrics.Precision().get_config()["thresholds"] is None


@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [
        ("top_k", 0, "None or an integer >= 1"),
        ("class_id", -1, "None or an integer >= 0"),
        ("top_k", 1.5, "None or an integer >= 1"),
    ],
)
def test_arguments_out_of_range(argument: str, value: Any, allowed: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        metrics.Precision(**{argument: value})
    text = f"precision: argument {argument!r} is {value!r}; allowed: {allowed}"
    assert str(caught.value) == text


@pytest.mark.parametrize(("argument", "value"), [("top_k", 4), ("class_id", 3)])
def test_fewer_classes_than_asked_for(argument: str, value: Any) -> None:
    with pytest.raises(DataError) as caught:
        metrics.Recall(**{argument: value})(torch.zeros(2, 3), torch.zeros(2, 3))
    assert str(caught.value) == (
        f"recall: argument {argument!r} is {value}, but y_pred has shape (2, 3)\n"
        "  The classes are the last axis of y_pred, shape (N, …, C)."
    )


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"^precision: y_true has shape \(4, 2\) and y_pred has"):
        metrics.Precision().update_state(torch.zeros(4, 2), torch.zeros(4, 3))
    with pytest.raises(DataError, match=r"^sample_weight has shape \(3,\)"):
        metrics.Precision().update_state(torch.zeros(4, 2), torch.zeros(4, 2), torch.ones(3))


@pytest.mark.parametrize("make", [metrics.Precision, metrics.AUC])
def test_scores_that_are_no_probabilities_are_told_of_once(make: Any) -> None:
    metric = make(name="m")
    with telling() as told:
        for _ in range(2):
            metric.update_state([0, 1], [-1.5, 2.0])
    assert told == [
        "m: y_pred holds numbers from -1.5 to 2, and thresholds are those of probabilities, which are in [0, "
        "1]. End the model with a sigmoid or softmax."
    ]


@pytest.mark.parametrize(
    "metric",
    [metrics.AUC(from_logits=True), metrics.Recall(thresholds=0), metrics.Precision(top_k=1)],
)
def test_scores_may_be_logits_where_that_is_said(metric: metrics.Metric) -> None:
    metric.update_state([0, 1], [-1.5, 2.0])
