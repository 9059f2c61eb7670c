"""OrthogonalRegularizer: values, gradients, arguments."""

from __future__ import annotations

import itertools
import json

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.regularizers import OrthogonalRegularizer


@pytest.mark.parametrize("mode", ["rows", "columns"])
@pytest.mark.parametrize("shape", [(2, 2), (4, 3), (3, 5)])
def test_penalties_are_those_of_keras(mode: str, shape: tuple[int, int]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    expected = keras.regularizers.OrthogonalRegularizer(0.3, mode)(weight)
    actual = OrthogonalRegularizer(0.3, mode)(weight)
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-6)


def test_the_penalty_is_the_mean_absolute_cosine_of_pairs() -> None:
    rows = np.random.default_rng(3).normal(size=(4, 6))
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    mean = np.mean([abs(a @ b) for a, b in itertools.combinations(units, 2)])
    assert OrthogonalRegularizer(0.1)(torch.from_numpy(rows)).item() == pytest.approx(0.1 * mean)


def test_orthogonal_rows_cost_nothing() -> None:
    assert OrthogonalRegularizer(1.0)(torch.eye(3)).item() == 0.0


def test_a_single_row_costs_nothing() -> None:
    assert OrthogonalRegularizer(1.0)(torch.ones(1, 3)).item() == 0.0


def test_the_gradient_at_zero_is_finite() -> None:
    weight = torch.zeros(3, 3, requires_grad=True)
    OrthogonalRegularizer()(weight).backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    assert weight.grad.isfinite().all()


def test_what_is_no_matrix_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        OrthogonalRegularizer()(torch.ones(2, 3, 4))
    assert str(caught.value) == (
        "orthogonal_regularizer: argument 'weight_matrix' is (2, 3, 4); "
        "allowed: a matrix, two dimensions"
    )


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        OrthogonalRegularizer(mode="diagonal")
    assert str(caught.value) == (
        "orthogonal_regularizer: argument 'mode' is 'diagonal'; allowed: 'rows' or 'columns'"
    )


def test_configuration_makes_the_same_regularizer() -> None:
    config = json.loads(json.dumps(OrthogonalRegularizer(0.5, "columns").get_config()))
    assert config == {"factor": 0.5, "mode": "columns"}
    assert OrthogonalRegularizer.from_config(config).get_config() == config
