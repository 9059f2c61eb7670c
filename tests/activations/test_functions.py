"""Activations: Keras's values and gradients, golden numbers, edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import activations
from kplug.errors import ArgumentError

# name, arguments; sparsemax is tested against its definition below
CASES: list[tuple[str, dict[str, Any]]] = [
    ("linear", {}),
    ("relu", {}),
    ("relu", {"negative_slope": 0.3}),
    ("relu", {"max_value": 1.5}),
    ("relu", {"max_value": 6}),
    ("relu", {"threshold": 0.5}),
    ("relu", {"threshold": -0.5}),
    ("relu", {"negative_slope": 0.3, "threshold": 0.5}),
    ("relu", {"negative_slope": 0.3, "max_value": 1.5, "threshold": 0.5}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.05}),
    ("relu6", {}),
    ("elu", {}),
    ("elu", {"alpha": 0.5}),
    ("celu", {}),
    ("celu", {"alpha": 2.0}),
    ("selu", {}),
    ("threshold", {"threshold": 0.5, "default_value": -1.0}),
    ("sigmoid", {}),
    ("hard_sigmoid", {}),
    ("log_sigmoid", {}),
    ("sparse_sigmoid", {}),
    ("tanh", {}),
    ("hard_tanh", {}),
    ("softsign", {}),
    ("exponential", {}),
    ("softplus", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 2}),
    ("sparse_plus", {}),
    ("silu", {}),
    ("swish", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("mish", {}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 1.0}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 1.0}),
    ("tanh_shrink", {}),
    ("softmax", {}),
    ("softmax", {"axis": 1}),
    ("log_softmax", {}),
    ("log_softmax", {"axis": 0}),
    ("glu", {}),
    ("glu", {"axis": 0}),
]
IDS = [f"{name}{arguments or ''}" for name, arguments in CASES]


def grid() -> torch.Tensor:
    """Return inputs on both sides of every corner, the corners among them."""
    return torch.linspace(-8.0, 8.0, 128, dtype=torch.float64).reshape(4, 4, 8) + 0.0


def pair(name: str) -> tuple[Callable[..., torch.Tensor], Callable[..., Any]]:
    return getattr(activations, name), getattr(keras.activations, name)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_values_are_those_of_keras(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = pair(name)
    for x in (grid(), grid().round(), grid().float()):
        torch.testing.assert_close(
            ours(x, **arguments), theirs(x, **arguments), rtol=1e-6, atol=1e-6
        )


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_gradients_are_those_of_keras(name: str, arguments: dict[str, Any]) -> None:
    gradients = []
    for function in pair(name):
        x = (grid() + 0.013).requires_grad_()
        function(x, **arguments).square().sum().backward()
        gradients.append(x.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_inputs_type_is_kept(name: str, arguments: dict[str, Any], dtype: torch.dtype) -> None:
    assert getattr(activations, name)(grid().to(dtype), **arguments).dtype is dtype


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("hard_sigmoid", 1.0, 1.0 / 6.0 + 0.5),
        ("leaky_relu", -1.0, -0.2),
        ("elu", -1.0, math.expm1(-1.0)),
        ("gelu", 1.0, 0.5 * (1.0 + math.erf(1.0 / math.sqrt(2.0)))),
        ("softplus", 0.0, math.log(2.0)),
        ("selu", 1.0, 1.0507009873554805),
        ("selu", -100.0, -1.7580993408473766),
        ("mish", 1.0, math.tanh(math.log1p(math.e))),
    ],
)
def test_golden_numbers(name: str, x: float, expected: float) -> None:
    value = getattr(activations, name)(torch.tensor(x, dtype=torch.float64)).item()
    assert value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_nan_is_nan_where_it_is_in_keras(name: str, arguments: dict[str, Any]) -> None:
    x = grid()
    x[1, 2, 3] = x[3] = math.nan
    ours, theirs = pair(name)
    torch.testing.assert_close(ours(x, **arguments).isnan(), theirs(x, **arguments).isnan())


def test_sparsemax_of_nan_is_nan() -> None:
    x = torch.tensor([[math.nan, math.nan], [1.0, math.nan], [1.0, 2.0]])
    assert activations.sparsemax(x).isnan().all(-1).tolist() == [True, True, False]


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softplus", "log_softmax", "softmax"])
def test_large_inputs_stay_finite(name: str) -> None:
    x = torch.tensor([-1e4, 0.0, 1e4], requires_grad=True)
    value = getattr(activations, name)(x)
    value.sum().backward()
    assert value.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_keras_2s_alpha_is_the_slope(name: str) -> None:
    function = getattr(activations, name)
    assert torch.equal(function(grid(), alpha=0.3), function(grid(), negative_slope=0.3))


def test_both_names_of_the_slope_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        activations.relu(grid(), negative_slope=0.1, alpha=0.2)
    assert str(caught.value) == (
        "relu: 'negative_slope' and 'alpha' are the same argument, and both are given "
        "(0.1 and 0.2)\n  Leave 'alpha' out: relu(negative_slope=0.1)"
    )


finite = st.floats(-20, 20, width=32)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(finite, min_size=5, max_size=5), min_size=1, max_size=4))
def test_sparsemax_is_the_nearest_point_of_the_simplex(rows: list[list[float]]) -> None:
    x = torch.tensor(rows, dtype=torch.float64)
    p = activations.sparsemax(x)
    assert (p >= 0).all()
    torch.testing.assert_close(p.sum(-1), torch.ones(len(rows), dtype=torch.float64))
    # Of the nearest point, no corner of the simplex lies on the side of x.
    slack = ((x - p).unsqueeze(-2) * (torch.eye(5) - p.unsqueeze(-2))).sum(-1)
    assert slack.max().item() < 1e-9


def test_sparsemax_looks_along_its_axis() -> None:
    x = grid()
    for axis in (0, 1, -1):
        moved = activations.sparsemax(x.movedim(axis, -1)).movedim(-1, axis)
        torch.testing.assert_close(activations.sparsemax(x, axis=axis), moved)


def test_sparsemax_has_an_exact_gradient() -> None:
    x = torch.tensor([[0.5, 0.1, -1.0], [2.0, 0.3, 0.2]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(activations.sparsemax, (x,))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [(1, 2), [0, -1], (2, 0, 1), (1,)])
def test_several_axes_are_taken_together(name: str, axis: Any) -> None:
    x = torch.randn(2, 3, 4, 5)
    ours = getattr(activations, name)(x, axis=axis)
    places = tuple(place % 4 for place in axis)  # Keras mixes up negative ones among several
    theirs = getattr(keras.activations, name)(x, axis=places)
    torch.testing.assert_close(ours, theirs)
    assert activations.get({"name": name, "args": {"axis": axis}})(x).equal(ours)


def test_several_axes_of_an_empty_batch() -> None:
    assert activations.softmax(torch.zeros(0, 3, 4), axis=(1, 2)).shape == (0, 3, 4)


def test_hard_sigmoid_of_keras_2_has_another_slope() -> None:
    x = grid().double()
    expected = (0.2 * x + 0.5).clip(0.0, 1.0)
    torch.testing.assert_close(activations.hard_sigmoid(x, slope=0.2), expected)
    component = activations.get("hard_sigmoid(slope=0.2)")
    assert component(torch.tensor(1.0)).item() == pytest.approx(0.7)
