"""Products of matrices against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentValueError


def _random(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape)


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (3, 4)), ((2, 3), (4, 3, 5)), ((2, 6, 3), (3, 4)), ((3,), (3, 2)), ((2, 3), (3,))],
)
def test_dot_sums_the_last_with_the_second_last_axis(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    x, y = _random(*left), _random(*right)
    made = K.dot(x, y)
    assert tuple(made.shape) == np.dot(x, y).shape
    np.testing.assert_allclose(made.numpy(), np.dot(x, y))


@pytest.mark.parametrize(
    ("left", "right", "axes", "equation"),
    [
        ((2, 3), (2, 3), 1, "ni,ni->n"),
        ((2, 3), (2, 3), None, "ni,ni->n"),
        ((2, 3, 4), (2, 4, 5), None, "nij,njk->nik"),
        ((2, 3, 4), (2, 4, 5), (2, 1), "nij,njk->nik"),
        ((2, 3, 4), (2, 5, 4), [2, 2], "nij,nkj->nik"),
        ((2, 3, 4), (2, 3), (1, 1), "nij,ni->nj"),
        ((2, 3), (2, 3, 4), 1, "ni,nij->nj"),
    ],
)
def test_batch_dot(left: tuple[int, ...], right: tuple[int, ...], axes: Any, equation: str) -> None:
    x, y = _random(*left), _random(*right)
    expected = np.einsum(equation, x, y)
    expected = expected[:, None] if expected.ndim == 1 else expected
    made = K.batch_dot(x, y, axes)
    assert tuple(made.shape) == expected.shape
    np.testing.assert_allclose(made.numpy(), expected)


def test_bias_goes_to_the_channels() -> None:
    x, bias = torch.zeros(1, 2, 3), torch.tensor([1.0, 2.0])
    assert K.bias_add(x, torch.ones(3)).tolist() == [[[1.0] * 3] * 2]
    made = K.bias_add(x, bias, data_format="channels_first")
    assert made.tolist() == [[[1.0] * 3, [2.0] * 3]]


def test_bias_may_have_a_value_for_each_place() -> None:
    bias = torch.arange(6.0).reshape(1, 3, 2)
    last = K.bias_add(torch.zeros(1, 1, 3, 2), bias)
    assert torch.equal(last[0], bias)
    first = K.bias_add(torch.zeros(1, 2, 1, 3), bias, "channels_first")
    assert torch.equal(first, last.movedim(-1, 1))
    with pytest.raises(ArgumentValueError, match="allowed: a tensor with 1 axis or 3"):
        K.bias_add(torch.zeros(1, 1, 3, 2), torch.zeros(3, 2))


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_l2_normalize(axis: int | None) -> None:
    x = _random(3, 4)
    expected = x / np.sqrt(np.maximum(np.square(x).sum(axis=axis, keepdims=True), 1e-12))
    np.testing.assert_allclose(K.l2_normalize(x, axis).numpy(), expected)


def test_l2_normalize_floors_the_sum_of_squares() -> None:
    assert K.l2_normalize([1e-8, 0.0]).tolist() == pytest.approx([1e-2, 0.0])
