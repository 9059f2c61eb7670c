"""F-scores against Keras, and against scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from sklearn.metrics import fbeta_score

from kplug import metrics
from kplug.errors import ArgumentValueError, DataError

Draw = Callable[..., list[Any]]
Feed = Callable[[Any, list[Any]], Any]
AVERAGES = [None, "micro", "macro", "weighted"]


@pytest.mark.parametrize("average", AVERAGES)
@settings(max_examples=20, deadline=None)
@given(
    beta=st.sampled_from([None, 0.5, 1.0, 2.0]),
    threshold=st.sampled_from([None, 0.3, 0.5, 1.0]),
    columns=st.integers(1, 4),
    sizes=st.lists(st.integers(1, 10), min_size=1, max_size=3),
    seed=st.integers(0, 2**16),
    weighting=st.sampled_from(["none", "rows", "zero"]),
)
def test_scores_equal_keras(
    average: str | None,
    beta: float | None,
    threshold: float | None,
    columns: int,
    sizes: list[int],
    seed: int,
    weighting: str,
    draw_batches: Draw,
    feed: Feed,
) -> None:
    batches = draw_batches(sizes, columns, seed, weighting)
    name = "F1Score" if beta is None else "FBetaScore"
    arguments: dict[str, Any] = {"average": average, "threshold": threshold}
    if beta is not None:
        arguments["beta"] = beta
    ours = feed(getattr(metrics, name)(**arguments), batches)
    oracle = feed(getattr(keras.metrics, name)(**arguments), batches)
    torch.testing.assert_close(ours, oracle, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_scores_equal_sklearn(average: str | None, beta: float) -> None:
    generator = np.random.default_rng(2)
    y = generator.integers(0, 2, (200, 4))
    p = generator.uniform(size=(200, 4))
    expected = fbeta_score(y, p > 0.4, beta=beta, average=average)
    metric = metrics.FBetaScore(average, beta, 0.4, dtype="float64")
    np.testing.assert_allclose(metric(y, p).numpy(), expected, rtol=1e-6)


def test_single_outputs_may_have_targets_of_one_axis() -> None:
    y, p = torch.tensor([1.0, 0.0, 1.0]), torch.tensor([[0.9], [0.8], [0.2]])
    assert metrics.F1Score(threshold=0.5)(y, p).tolist() == pytest.approx([0.5], abs=1e-6)


def test_scores_of_zero_are_no_yes() -> None:
    metric = metrics.F1Score(average="micro")
    assert metric([[1, 0]], [[0.0, 0.0]]).item() == 0.0


def test_no_batch_and_no_rows() -> None:
    metric = metrics.F1Score()
    assert metric.result().item() == 0.0
    metric.update_state(torch.zeros(0, 3), torch.zeros(0, 3))
    assert metric.result().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("average", AVERAGES)
def test_workers_are_merged(average: str | None, draw_batches: Draw, feed: Feed) -> None:
    batches = draw_batches([8, 5], 3, 1, "rows")
    whole = feed(metrics.F1Score(average), batches)
    parts = [metrics.F1Score(average) for _ in range(3)]
    for part, batch in zip(parts[1:], batches, strict=True):
        feed(part, [batch])
    parts[0].merge_state(parts[1:])
    torch.testing.assert_close(parts[0].result(), whole)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"average": "mean"}, "'average' is 'mean'; allowed: 'micro', 'macro' or 'weighted'"),
        ({"beta": 0}, "'beta' is 0; allowed: a finite number > 0"),
        ({"beta": None}, "'beta' is None; allowed: a finite number > 0"),
        ({"threshold": 0.0}, "'threshold' is 0.0; allowed: None or a number in (0, 1]"),
        ({"threshold": 1.5}, "'threshold' is 1.5; allowed: None or a number in (0, 1]"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        metrics.FBetaScore(**arguments)
    assert str(caught.value).endswith(f"argument {text}")


def test_shapes_that_do_not_fit() -> None:
    metric = metrics.F1Score()
    with pytest.raises(DataError) as caught:
        metric.update_state(torch.zeros(4), torch.zeros(4))
    assert str(caught.value) == "f1_score: y_pred has shape (4,); (N, C) is needed"
    metric.update_state(torch.zeros(4, 2), torch.zeros(4, 2))
    with pytest.raises(DataError, match=r"^f1_score: y_pred has 3 classes, and 2 are expected$"):
        metric.update_state(torch.zeros(4, 3), torch.zeros(4, 3))
