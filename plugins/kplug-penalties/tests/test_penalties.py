"""Values and gradients of the penalties, against numpy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from kplug_penalties import group_lasso, l1_reg, orthogonality
from numpy.typing import NDArray
from torch import Tensor

from kplug.errors import ArgumentValueError

Penalty = Callable[..., Tensor]

PENALTIES: list[Penalty] = [l1_reg, group_lasso, orthogonality]
SHAPES = [(4, 3), (3, 4), (1, 1), (3, 3, 2, 5), (2, 2, 2, 1), (5, 2, 4)]


def draw(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=shape)


def numpy_group_lasso(weight: NDArray[np.float64], strength: float, axis: int) -> float:
    total = 0.0
    for index in range(weight.shape[axis]):
        group = np.take(weight, index, axis=axis).reshape(-1)
        total += math.sqrt(group.size) * math.sqrt(sum(float(value) ** 2 for value in group))
    return strength * total


def numpy_orthogonality(weight: NDArray[np.float64], strength: float) -> float:
    matrix = weight.reshape(-1, weight.shape[-1])
    rows, columns = matrix.shape
    gram = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
    return strength * float(np.linalg.norm(gram - np.eye(min(rows, columns)), "fro") ** 2)


@given(
    shape=st.lists(st.integers(1, 4), min_size=0, max_size=4).map(tuple),
    strength=st.floats(0, 10),
)
@settings(max_examples=30, deadline=None)
def test_l1_reg_is_the_formula_of_the_guide(shape: tuple[int, ...], strength: float) -> None:
    weight = draw(shape)
    assert l1_reg(torch.from_numpy(np.asarray(weight))).item() == pytest.approx(
        0.01 * np.sum(np.abs(weight)), rel=1e-12
    )
    assert l1_reg(torch.from_numpy(np.asarray(weight)), strength).item() == pytest.approx(
        strength * np.sum(np.abs(weight)), rel=1e-12
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("axis", [-2, -1, 0, 1])
def test_group_lasso_sums_the_scaled_norms_of_the_groups(shape: tuple[int, ...], axis: int) -> None:
    weight = draw(shape)
    expected = numpy_group_lasso(weight, 0.3, axis)
    assert group_lasso(torch.from_numpy(weight), 0.3, axis).item() == pytest.approx(expected)


def test_group_lasso_of_a_vector_is_its_l1_norm() -> None:
    bias = torch.from_numpy(draw((6,)))
    torch.testing.assert_close(group_lasso(bias, 0.2), l1_reg(bias, 0.2))


@pytest.mark.parametrize("shape", SHAPES)
def test_orthogonality_is_the_squared_distance_from_the_identity(shape: tuple[int, ...]) -> None:
    weight = draw(shape)
    expected = numpy_orthogonality(weight, 0.3)
    assert orthogonality(torch.from_numpy(weight), 0.3).item() == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 3, 2, 5)])
def test_orthogonality_of_an_orthonormal_weight_is_zero(shape: tuple[int, ...]) -> None:
    weight = torch.empty(math.prod(shape[:-1]), shape[-1], dtype=torch.float64)
    torch.nn.init.orthogonal_(weight)
    assert orthogonality(weight.reshape(shape)).item() == pytest.approx(0, abs=1e-20)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_agree_with_finite_differences(penalty: Penalty, shape: tuple[int, ...]) -> None:
    weight = torch.from_numpy(draw(shape)).requires_grad_()
    assert torch.autograd.gradcheck(penalty, (weight,))


@pytest.mark.parametrize("penalty", [l1_reg, group_lasso])
def test_a_weight_of_zeros_has_no_penalty_and_no_gradient(penalty: Penalty) -> None:
    weight = torch.zeros(3, 2, requires_grad=True)
    value = penalty(weight)
    (gradient,) = torch.autograd.grad(value, weight)
    assert value.item() == 0
    assert gradient.abs().max().item() == 0


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_penalty_is_a_scalar_of_the_weight_dtype(penalty: Penalty, dtype: torch.dtype) -> None:
    value = penalty(torch.ones(3, 2, dtype=dtype))
    assert (value.shape, value.dtype) == (torch.Size([]), dtype)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("strength", [-0.5, math.inf, math.nan])
def test_a_strength_that_makes_no_sense_is_refused(penalty: Penalty, strength: float) -> None:
    name = getattr(penalty, "__name__", "")
    with pytest.raises(ArgumentValueError) as caught:
        penalty(torch.ones(2, 2), strength=strength)
    assert str(caught.value).startswith(
        f"{name}: argument 'strength' is {strength}; allowed: a finite number >= 0"
    )


def test_an_axis_that_the_weight_does_not_have_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        group_lasso(torch.ones(2, 2), axis=2)
    assert str(caught.value).startswith(
        "group_lasso: argument 'axis' is 2; allowed: an axis of a weight of rank 2, -2 to 1"
    )


def test_a_vector_has_no_orthogonality() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        orthogonality(torch.ones(3))
    assert str(caught.value).startswith(
        "orthogonality: argument 'weight_matrix' is (3,); allowed: a shape of rank >= 2"
    )
