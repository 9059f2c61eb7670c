"""Correlations against Keras and a float64 rewrite."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import metrics
from kplug.errors import DataError

NAMES = ["PearsonCorrelation", "ConcordanceCorrelation"]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(
    axis=st.sampled_from([-1, 0, 1, (0, 1)]),
    sizes=st.lists(st.integers(3, 6), min_size=1, max_size=3),
    seed=st.integers(0, 2**16),
    is_weighted=st.booleans(),
)
def test_correlations_equal_keras(
    name: str, axis: Any, sizes: list[int], seed: int, is_weighted: bool
) -> None:
    generator = np.random.default_rng(seed)
    ours, oracle = getattr(metrics, name)(axis=axis), getattr(keras.metrics, name)(axis=axis)
    for size in sizes:
        y, p = torch.tensor(generator.normal(size=(2, size, 4)), dtype=torch.float32)
        has_rows = is_weighted and axis in (-1, 1)
        weights = torch.arange(1.0, size + 1) if has_rows else None
        ours.update_state(y, p, weights)
        oracle.update_state(y, p, weights)
    torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-5, atol=1e-6)


def test_values_are_those_of_the_formulas() -> None:
    y, p = np.random.default_rng(4).normal(size=(2, 50))
    pearson = np.corrcoef(y, p)[0, 1]
    concordance = (
        2 * np.cov(y, p, bias=True)[0, 1] / (y.var() + p.var() + (y.mean() - p.mean()) ** 2)
    )
    assert metrics.pearson_correlation(y, p).item() == pytest.approx(pearson, rel=1e-12)
    assert metrics.concordance_correlation(y, p).item() == pytest.approx(concordance, rel=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_an_offset_does_not_change_a_correlation(offset: float) -> None:
    y, p = torch.tensor([[0.0, 1.0, 3.0]]), torch.tensor([[1.0, 0.0, 2.0]])
    found = metrics.pearson_correlation(y + offset, p + offset)
    assert found.item() == pytest.approx(np.corrcoef(y, p)[0, 1], rel=1e-4)


def test_constant_predictions_have_no_correlation() -> None:
    y, p = torch.tensor([[0.0, 1.0, 3.0]]), torch.ones(1, 3)
    assert metrics.PearsonCorrelation()(y, p).isnan().item()
    assert metrics.ConcordanceCorrelation()(y, p).item() == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_axes_survive_json(name: str) -> None:
    metric = getattr(metrics, name).from_config({"name": "c", "dtype": None, "axis": [0, 1]})
    y, p = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(metric(y, p), getattr(metrics, name)(axis=(0, 1))(y, p))


@pytest.mark.parametrize("function", [metrics.pearson_correlation, metrics.concordance_correlation])
def test_functions_become_their_classes(function: Any) -> None:
    assert metrics.as_metric(function).name == function.__name__


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"^pearson_correlation: y_true has shape \(2, 3\)"):
        metrics.PearsonCorrelation().update_state(torch.zeros(2, 3), torch.zeros(2, 4))
