"""Reductions against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import backend as K

AXES: list[Any] = [None, 0, 1, -1, [0], [0, 2], (1, 2), [0, 1, 2]]
PAIRS: list[tuple[Callable[..., torch.Tensor], Callable[..., Any]]] = [
    (K.sum, np.sum),
    (K.mean, np.mean),
    (K.max, np.max),
    (K.min, np.min),
    (K.prod, np.prod),
    (K.var, np.var),
    (K.std, np.std),
    (K.any, np.any),
    (K.all, np.all),
]


def _data() -> np.ndarray[Any, np.dtype[np.float64]]:
    x = np.random.default_rng(3).normal(size=(2, 3, 4))
    x[0, 0, :2] = 0.0
    return x


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("ours", "numpys"), PAIRS, ids=[pair[1].__name__ for pair in PAIRS])
def test_reduction_equals_numpy(
    ours: Callable[..., torch.Tensor], numpys: Callable[..., Any], keepdims: bool, axis: Any
) -> None:
    x = _data()
    expected = numpys(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    made = ours(x, axis=axis, keepdims=keepdims)
    assert tuple(made.shape) == np.shape(expected)
    np.testing.assert_allclose(made.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("ours", [K.sum, K.mean, K.max, K.min, K.prod, K.logsumexp])
def test_empty_axes_reduce_nothing(ours: Callable[..., torch.Tensor]) -> None:
    x = torch.tensor(_data())
    assert torch.equal(ours(x, axis=[]), x)


def test_variance_over_no_axes_is_zero() -> None:
    assert torch.equal(K.var([[1.0, 2.0]], axis=[]), torch.zeros(1, 2))


@given(axis=st.one_of(st.none(), st.integers(-3, 2), st.sets(st.integers(0, 2), min_size=1)))
@settings(max_examples=25, deadline=None)
def test_logsumexp_equals_numpy(axis: Any) -> None:
    x = _data() * 300.0
    axes = tuple(sorted(axis)) if isinstance(axis, set) else axis
    largest = x.max(axis=axes, keepdims=True)
    expected = np.log(np.exp(x - largest).sum(axis=axes)) + largest.squeeze(axes)
    np.testing.assert_allclose(K.logsumexp(x, axis=axes).numpy(), expected)


@pytest.mark.parametrize("dtype", [torch.bool, torch.int32, torch.uint8])
def test_mean_of_whole_numbers_is_floatx(dtype: torch.dtype) -> None:
    made = K.mean(torch.tensor([1, 0, 1, 1], dtype=dtype))
    assert made.dtype is torch.float32
    assert made.item() == 0.75


def test_sum_of_booleans_counts() -> None:
    assert K.sum(torch.tensor([True, False, True])).item() == 2


def test_max_shares_the_gradient_among_equal_values() -> None:
    x = torch.tensor([1.0, 3.0, 3.0], requires_grad=True)
    K.max(x).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.5, 0.5]


@pytest.mark.parametrize(("ours", "numpys"), [(K.argmax, np.argmax), (K.argmin, np.argmin)])
def test_positions_are_along_the_last_axis(
    ours: Callable[..., torch.Tensor], numpys: Callable[..., Any]
) -> None:
    x = _data()
    np.testing.assert_array_equal(ours(x).numpy(), numpys(x, axis=-1))
    assert ours(x, axis=0).dtype is torch.int64


def test_running_sums_and_products() -> None:
    x = _data()
    np.testing.assert_allclose(K.cumsum(x, axis=1).numpy(), np.cumsum(x, axis=1))
    np.testing.assert_allclose(K.cumprod(x, axis=-1).numpy(), np.cumprod(x, axis=-1))


def test_places_of_booleans() -> None:
    values = torch.tensor([[False, True, True], [True, False, True]])
    assert K.argmax(values).tolist() == [1, 0]
    assert K.argmin(values).tolist() == [0, 1]
