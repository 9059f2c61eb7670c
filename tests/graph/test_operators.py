"""Python's operators on symbolic tensors, compared with torch's on the values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kplug import Model
from kplug.errors import GraphError, SymbolicValueError
from kplug.layers import Input

X = torch.tensor([[1.0, 2.0, 3.0], [-1.5, 0.5, -4.0]])
Y = torch.tensor([[2.0, 2.0, -2.0], [1.0, 3.0, -4.0]])


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (lambda x, y: x + y, X + Y),
        (lambda x, y: x - y, X - Y),
        (lambda x, y: x * y, X * Y),
        (lambda x, y: x / y, X / Y),
        (lambda x, y: x // y, X // Y),
        (lambda x, y: x % y, X % Y),
        (lambda x, y: y**2, Y**2),
        (lambda x, y: x < y, X < Y),
        (lambda x, y: x <= y, X <= Y),
        (lambda x, y: x > y, X > Y),
        (lambda x, y: x >= y, X >= Y),
        (lambda x, y: (x < y) & (x < 0), (X < Y) & (X < 0)),
        (lambda x, y: (x < y) | (x < 0), (X < Y) | (X < 0)),
        (lambda x, y: ~(x < y), ~(X < Y)),
        (lambda x, y: -x, -X),
        (lambda x, y: abs(x), X.abs()),
        (lambda x, y: x[:, 1:], X[:, 1:]),
        (lambda x, y: x[:, None] @ y[..., None], (X * Y).sum(-1)[:, None, None]),
    ],
)
def test_an_operator_is_that_of_torch(
    operator: Callable[[Any, Any], Any], expected: torch.Tensor
) -> None:
    first, second = Input((3,)), Input((3,))
    model = Model([first, second], operator(first, second))
    torch.testing.assert_close(model([X, Y]), expected)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (lambda y: 7.0 + y, 7.0 + Y),
        (lambda y: 7.0 - y, 7.0 - Y),
        (lambda y: 7.0 * y, 7.0 * Y),
        (lambda y: 7.0 / y, 7.0 / Y),
        (lambda y: 7.0 // y, 7.0 // Y),
        (lambda y: 7.0 % y, 7.0 % Y),
        (lambda y: 2.0**y, 2.0**Y),
        (lambda y: y > 1.0, Y > 1.0),
    ],
)
def test_the_symbolic_tensor_may_stand_on_the_right(
    operator: Callable[[Any], Any], expected: torch.Tensor
) -> None:
    inputs = Input((3,))
    torch.testing.assert_close(Model(inputs, operator(inputs))(Y), expected)


def test_an_array_on_the_left_is_one_operand() -> None:
    array: Any = np.ones(3, dtype="float32")
    assert (array - Input((3,))).shape == (None, 3)


def test_equality_is_identity_so_that_tensors_are_keys() -> None:
    first, second = Input((3,)), Input((3,))
    same = first
    assert first == same
    assert first != second
    assert {first: 1, second: 2}[same] == 1


def test_a_comparison_has_no_truth_value() -> None:
    inputs = Input((3,))
    with pytest.raises(GraphError, match="has no truth value: it has no values until the model"):
        bool(inputs > 0)


WITHOUT_VALUES: list[tuple[str, Callable[[Any], object]]] = [
    ("Python and NumPy", np.mean),
    ("Python and NumPy", np.sqrt),
    ("Python and NumPy", lambda x: np.concatenate([x, x])),
    ("Python and NumPy", lambda x: np.add(np.ones(3), x)),
    ("Python and NumPy", np.asarray),
    ("Python and NumPy", lambda x: np.array([x, None])),
    ("Python and NumPy", torch.tensor),
    ("Python and NumPy", torch.as_tensor),
    ("Python and NumPy", float),
    ("Python and NumPy", int),
    ("Python and NumPy", complex),
    ("Python and NumPy", len),
    ("Python and NumPy", round),
    ("Python and NumPy", range),
    ("Python and NumPy", math.sqrt),
    ("the format '.3f'", "{:.3f}".format),
    ("torch.relu", torch.relu),
    ("torch.cat", lambda x: torch.cat([x, x])),
    ("torch.stack", lambda x: torch.stack([torch.ones(3), x])),
    ("torch.nn.functional.gelu", torch.nn.functional.gelu),
    ("torch.nn.functional.linear", torch.nn.Linear(3, 2)),
    ("torch.Tensor.add", torch.ones(3).add),
]


@pytest.mark.parametrize(("name", "function"), WITHOUT_VALUES)
def test_what_asks_for_values_names_what_takes_symbolic_tensors(
    name: str, function: Callable[[Any], object]
) -> None:
    with pytest.raises(SymbolicValueError) as caught:
        function(Input((3,), name="pixels"))
    assert str(caught.value).startswith(
        f"a symbolic tensor of layer 'pixels' has no values until the model runs, so {name} cannot "
        "compute with it\n  Functions of kplug.ops take symbolic tensors, such as kplug.ops.mean(x); "
    )
    assert isinstance(caught.value, TypeError)  # for code that tries whether it is a number


@pytest.mark.parametrize("name", ["numpy", "view", "permute", "mean", "detach"])
def test_an_attribute_of_a_tensor_with_values_names_what_there_is(name: str) -> None:
    inputs = Input((3,), name="pixels")
    assert not hasattr(inputs, name)
    with pytest.raises(AttributeError, match=rf"'pixels' has no attribute '{name}'.*kplug\.ops\."):
        getattr(inputs, name)


def test_a_matrix_on_the_left_is_multiplied() -> None:
    inputs, matrix = Input((3, 2)), np.arange(6.0, dtype="float32").reshape(2, 3)
    values = torch.rand(4, 3, 2)
    made = Model(inputs, matrix @ inputs)(values)
    torch.testing.assert_close(made, torch.from_numpy(matrix) @ values)
