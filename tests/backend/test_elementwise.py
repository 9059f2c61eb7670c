"""Elementwise functions against NumPy, with the arguments that the guide uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kplug import backend as K

X = np.array([-2.5, -1.0, -0.5, 0.5, 1.5, 2.5])


@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (K.abs, np.abs),
        (K.square, np.square),
        (K.exp, np.exp),
        (K.sign, np.sign),
        (K.round, np.round),
        (K.sin, np.sin),
        (K.cos, np.cos),
    ],
)
def test_function_equals_numpy(
    ours: Callable[..., torch.Tensor], numpys: Callable[..., Any]
) -> None:
    np.testing.assert_allclose(ours(X).numpy(), numpys(X), rtol=1e-12)


def test_negative_root_is_zero() -> None:
    np.testing.assert_allclose(K.sqrt(X).numpy(), np.sqrt(np.maximum(X, 0.0)))


def test_logarithm_is_not_clipped() -> None:
    assert K.log(torch.tensor([0.0, 1.0])).tolist() == [float("-inf"), 0.0]


@pytest.mark.parametrize("exponent", [2, 0.5, -1.0])
def test_power(exponent: float) -> None:
    x = np.abs(X)
    np.testing.assert_allclose(K.pow(x, exponent).numpy(), x**exponent)


def test_power_of_tensors() -> None:
    assert K.pow(torch.tensor([2.0, 3.0]), torch.tensor([3.0, 2.0])).tolist() == [8.0, 9.0]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-1.0, 1.0, [-1.0, 0.5, 1.0]),
        (None, 1.0, [-2.0, 0.5, 1.0]),
        (0.0, None, [0.0, 0.5, 2.0]),
        (None, None, [-2.0, 0.5, 2.0]),
        (1.0, -1.0, [1.0, 1.0, 1.0]),
        (torch.tensor(-1.0), torch.tensor([1.0, 0.0, 3.0]), [-1.0, 0.0, 2.0]),
        (torch.tensor(1.0), -1.0, [1.0, 1.0, 1.0]),
    ],
)
def test_clip(low: Any, high: Any, expected: list[float]) -> None:
    assert K.clip([-2.0, 0.5, 2.0], low, high).tolist() == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (torch.tensor(X), 0.0),
        (0, torch.tensor(X)),
        (torch.tensor(X), X[::-1].copy()),
        (X.tolist(), 1),
        (torch.tensor([1, 2, 3]), 1.5),
    ],
)
@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (K.maximum, np.maximum),
        (K.minimum, np.minimum),
        (K.equal, np.equal),
        (K.not_equal, np.not_equal),
        (K.greater, np.greater),
        (K.greater_equal, np.greater_equal),
        (K.less, np.less),
        (K.less_equal, np.less_equal),
    ],
)
def test_pair_of_tensors_and_numbers(
    ours: Callable[..., torch.Tensor], numpys: Callable[..., Any], left: Any, right: Any
) -> None:
    expected = numpys(np.asarray(left), np.asarray(right))
    np.testing.assert_array_equal(ours(left, right).numpy(), expected)


def test_number_takes_the_type_of_the_tensor() -> None:
    assert K.maximum(torch.zeros(2, dtype=torch.float64), 0.5).dtype is torch.float64
    assert K.maximum(torch.zeros(2, dtype=torch.float16), 1).dtype is torch.float16


def _clip_to_maximum(x: torch.Tensor, low: float) -> torch.Tensor:
    return K.clip(x, low, K.max(x))


@pytest.mark.parametrize(
    "function",
    [
        *(K.maximum, K.minimum, K.equal, K.not_equal),
        *(K.greater, K.greater_equal, K.less, K.less_equal),
        _clip_to_maximum,
    ],
    ids=[
        *("maximum", "minimum", "equal", "not_equal"),
        *("greater", "greater_equal", "less", "less_equal"),
        "clip",
    ],
)
def test_functions_of_a_number_are_compiled_whole(function: Callable[..., torch.Tensor]) -> None:
    x = torch.tensor([0.25, 0.5, 0.75])
    torch.compiler.reset()
    compiled: Any = torch.compile(function, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, 0.5), function(x, 0.5))


def test_guide_hinge_has_a_gradient() -> None:
    y_pred = torch.tensor([[0.5, 2.0]], requires_grad=True)
    loss = K.mean(K.maximum(1.0 - torch.ones(1, 2) * y_pred, 0.0), axis=-1)
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert y_pred.grad is not None
    assert y_pred.grad.tolist() == [[-0.5, 0.0]]


@pytest.mark.parametrize(
    ("dtype", "expected"), [("bool", torch.bool), ("int32", torch.int32), ("float64", torch.double)]
)
def test_cast(dtype: str, expected: torch.dtype) -> None:
    assert K.cast([0.0, 1.0], dtype).dtype is expected


def test_booleans_and_integers_are_computed_with_as_in_ops() -> None:
    booleans, integers = torch.tensor([True, False]), torch.tensor([-1, 2], dtype=torch.int32)
    assert K.abs(booleans).equal(booleans)
    assert K.square(booleans).tolist() == [1, 0]
    assert K.round(integers).equal(integers)
    assert K.softplus(integers).dtype is K.elu(integers).dtype is torch.float32
