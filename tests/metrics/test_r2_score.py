"""Explained variance against Keras and scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from sklearn.metrics import r2_score

from kplug import metrics
from kplug.errors import ArgumentValueError, DataError, KplugWarning

AGGREGATIONS = ["uniform_average", "variance_weighted_average", None]


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(2, 8), min_size=2, max_size=4),
    outputs=st.integers(1, 3),
    regressors=st.sampled_from([0, 1, 2]),
    seed=st.integers(0, 2**16),
    weight_rank=st.integers(0, 2),
)
def test_scores_equal_keras(
    aggregation: str | None,
    sizes: list[int],
    outputs: int,
    regressors: int,
    seed: int,
    weight_rank: int,
) -> None:
    generator = np.random.default_rng(seed)
    ours = metrics.R2Score(aggregation, regressors)
    oracle = keras.metrics.R2Score(aggregation, regressors)
    for size in sizes:
        y, p = torch.tensor(generator.normal(size=(2, size, outputs)), dtype=torch.float32)
        shape = (size, outputs)[:weight_rank]
        drawn = torch.tensor(generator.uniform(0.5, 2, shape), dtype=torch.float32)
        weights = drawn if weight_rank else None
        ours.update_state(y, p, weights)
        oracle.update_state(y, p, weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few values; asked for in a test of its own
        torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_scores_equal_sklearn_also_far_from_zero(aggregation: str | None, offset: float) -> None:
    generator = np.random.default_rng(1)
    y = generator.normal(size=(100, 3)) + offset
    p = y + generator.normal(0, 0.3, size=(100, 3))
    w = generator.uniform(0.5, 2, 100)
    words = {None: "raw_values", "variance_weighted_average": "variance_weighted"}
    expected = r2_score(y, p, sample_weight=w, multioutput=words.get(aggregation, aggregation))
    found = metrics.R2Score(aggregation, dtype="float64")(y, p, w)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(("prediction", "expected"), [(0.1, float("nan")), (0.3, 0.0), (1.0, 0.0)])
def test_constant_targets_have_no_spread(prediction: float, expected: float) -> None:
    y = torch.full((7, 1), 0.1)
    found = metrics.R2Score()(y, torch.full((7, 1), prediction))
    assert found.item() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("regressors", [2, 5])
def test_too_few_values_for_the_regressors(regressors: int) -> None:
    y, p = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[1.0], [3.0], [4.0]])
    metric = metrics.R2Score(num_regressors=regressors)
    metric.update_state(y, p)
    with pytest.warns(KplugWarning, match=r"^r2_score: 3 values are too few for num_regressors="):
        found = metric.result()
    assert torch.equal(found, metrics.R2Score()(y, p))


def test_fresh_metric_and_merged_workers() -> None:
    y, p = torch.rand(2, 9, 2, generator=torch.Generator().manual_seed(2))
    parts = [metrics.R2Score() for _ in range(3)]
    assert parts[0].result().item() == 0.0
    parts[1].update_state(y[:4], p[:4])
    parts[2].update_state(y[4:], p[4:])
    parts[0].merge_state(parts[1:])
    torch.testing.assert_close(parts[0].result(), metrics.R2Score()(y, p))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"class_aggregation": "mean"},
            "'class_aggregation' is 'mean'; allowed: 'uniform_average' or "
            "'variance_weighted_average'",
        ),
        ({"num_regressors": -1}, "'num_regressors' is -1; allowed: an integer >= 0"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        metrics.R2Score(**arguments)
    assert str(caught.value).endswith(f"argument {text}")


def test_shapes_that_do_not_fit() -> None:
    metric = metrics.R2Score()
    with pytest.raises(DataError) as caught:
        metric.update_state(torch.zeros(2, 3, 4), torch.zeros(2, 3, 4))
    assert str(caught.value) == "r2_score: y_pred has shape (2, 3, 4); (N, D) is needed"
    metric.update_state(torch.zeros(2, 3), torch.zeros(2, 3))
    with pytest.raises(DataError, match=r"^r2_score: y_pred has 2 outputs, and 3 are expected$"):
        metric.update_state(torch.zeros(2, 2), torch.zeros(2, 2))
