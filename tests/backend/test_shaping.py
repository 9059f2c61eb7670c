"""Shapes, joins and picks against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentValueError

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (K.flatten(X), X.reshape(-1)),
        (K.batch_flatten(X), X.reshape(2, 12)),
        (K.reshape(X, (4, -1)), X.reshape(4, -1)),
        (K.expand_dims(X), X[..., None]),
        (K.expand_dims(X, 0), X[None]),
        (K.squeeze(X[None], 0), X),
        (K.transpose(X), X.T),
        (K.permute_dimensions(X, (2, 0, 1)), X.transpose(2, 0, 1)),
        (K.concatenate([X, X]), np.concatenate([X, X], axis=-1)),
        (K.concatenate([X, X], axis=0), np.concatenate([X, X], axis=0)),
        (K.stack([X, X]), np.stack([X, X])),
        (K.tile(X, (1, 2, 3)), np.tile(X, (1, 2, 3))),
        (K.tile(X[0, 0], 2), np.tile(X[0, 0], 2)),
        (K.repeat(X[0], 2), np.repeat(X[0][:, None], 2, axis=1)),
        (K.repeat_elements(X, 2, axis=1), np.repeat(X, 2, axis=1)),
        (K.reverse(X, 1), X[:, ::-1]),
        (K.reverse(X, (0, 2)), X[::-1, :, ::-1]),
        (K.arange(4), np.arange(4)),
        (K.arange(1, 7, 2), np.arange(1, 7, 2)),
        (K.arange(-3), np.arange(0)),
        (K.gather(X, [[1, 0], [0, 0]]), X[[[1, 0], [0, 0]]]),
        (K.zeros((2, 3)), np.zeros((2, 3))),
        (K.ones(2), np.ones(2)),
        (K.eye(3), np.eye(3)),
        (K.eye((2, 3)), np.eye(2, 3)),
        (K.zeros_like(X), np.zeros_like(X)),
        (K.ones_like(X, dtype="int32"), np.ones_like(X, dtype="int32")),
    ],
)
def test_function_equals_numpy(made: torch.Tensor, expected: Any) -> None:
    assert tuple(made.shape) == expected.shape
    np.testing.assert_array_equal(made.numpy(), expected)


def test_numbers_in_a_row_are_int32() -> None:
    assert K.arange(3).dtype is torch.int32


def test_squeeze_refuses_an_axis_of_another_size() -> None:
    with pytest.raises(ArgumentValueError, match=r"an axis of size 1; the shape is \(2, 3, 4\)"):
        K.squeeze(X, 1)


def test_one_hot_of_a_class_outside_is_zero() -> None:
    assert K.one_hot([[1], [7]], 2).tolist() == [[[0.0, 1.0]], [[0.0, 0.0]]]


@pytest.mark.parametrize("shape", [(2, 3), [2, 3], torch.Size([2, 3]), torch.tensor([2, 3])])
def test_shape_may_be_any_sequence(shape: Any) -> None:
    assert tuple(K.random_normal(shape).shape) == (2, 3)


@pytest.mark.parametrize("shape", [(2, None), (-1,), "ab", 1.5])
def test_wrong_shape_is_refused(shape: Any) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: integers >= 0"):
        K.zeros(shape)
