"""Branches, phases, gradients, and functions of a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentValueError, GraphError, KplugError, LossWithoutGradientError
from kplug.layers import Dense, Input


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    K.set_learning_phase(0)


def test_phase_chooses_a_branch() -> None:
    assert K.in_train_phase(1.0, lambda: 2.0).item() == 2.0
    K.set_learning_phase(1)
    assert K.learning_phase() == 1
    assert K.in_train_phase(lambda: 1.0, 2.0).item() == 1.0
    assert K.in_test_phase(1.0, 2.0).item() == 2.0
    assert K.in_train_phase(1.0, 2.0, training=False).item() == 2.0


def test_phase_is_zero_or_one() -> None:
    with pytest.raises(ArgumentValueError, match="allowed: 0 or 1"):
        K.set_learning_phase(2)


def test_scalar_condition_evaluates_one_branch_only() -> None:
    assert K.switch(True, 1.0, lambda: 1 / 0).item() == 1.0


def test_tensor_condition_is_spread_over_the_right_axes() -> None:
    made = K.switch([True, False], torch.ones(2, 3), torch.zeros(2, 3))
    assert made.tolist() == [[1.0] * 3, [0.0] * 3]


def test_gradients_may_be_taken_twice() -> None:
    x = K.variable([2.0])
    (first,) = K.gradients(K.sum(x**3), x)
    (second,) = K.gradients(K.sum(first), [x])
    assert (first.tolist(), second.tolist()) == ([12.0], [12.0])


@pytest.mark.parametrize(
    ("make", "variables"),
    [
        (lambda x: K.sum(x), [True, False]),  # one variable is not used
        (lambda x: K.sum(x > 0), [True]),
        (lambda x: K.sum(K.stop_gradient(x)), [True]),
    ],
)
def test_gradients_need_a_connection(make: Any, variables: list[bool]) -> None:
    x, other = K.variable([2.0]), K.variable([3.0])
    with pytest.raises(LossWithoutGradientError, match="does not depend on every variable"):
        K.gradients(make(x), [x if is_used else other for is_used in variables])
    with pytest.raises(LossWithoutGradientError, match="does not depend on every variable"):
        K.gradients(K.sum(x), [K.constant([1.0])])


def test_gradients_need_values() -> None:
    inputs = Input((1,))
    outputs: Any = Dense(1, name="head")(inputs)
    with pytest.raises(GraphError, match="gradients: <SymbolicTensor 'head'"):
        K.gradients(outputs, inputs)  # type: ignore[arg-type]


def test_stop_gradient_makes_constants() -> None:
    x = K.variable([2.0])
    assert not K.stop_gradient(x).requires_grad
    assert [one.requires_grad for one in K.stop_gradient([x, x])] == [False, False]
    assert K.stop_gradient([1.0, 2.0]).tolist() == [1.0, 2.0]


def test_function_evaluates_a_part_of_a_graph() -> None:
    inputs = Input((3,))
    hidden = Dense(2, kernel_initializer="ones")(inputs)
    outputs = Dense(1, kernel_initializer="ones")(hidden)
    both = K.function([inputs], [hidden, outputs])
    values = both([[[1.0, 2.0, 3.0]]])
    assert [value.tolist() for value in values] == [[[6.0, 6.0]], [[12.0]]]
    assert K.function([hidden], [outputs])([torch.ones(1, 2)])[0].tolist() == [[2.0]]


def test_function_refuses_values_and_updates() -> None:
    with pytest.raises(KplugError, match="outputs must be symbolic tensors"):
        K.function([], [torch.zeros(1)])
    inputs = Input((1,))
    with pytest.raises(KplugError, match="updates are not supported"):
        K.function([inputs], [inputs], updates=[1])


def test_name_scope_changes_nothing() -> None:
    with K.name_scope("block"):
        assert K.abs(-1.0).item() == 1.0


@pytest.mark.parametrize(("name", "expected"), [("cpu", "cpu"), ("CPU:0", "cpu"), ("meta", "meta")])
def test_tensors_are_made_on_the_device_of_a_block(name: str, expected: str) -> None:
    with K.device(name):
        assert torch.zeros(2).device.type == expected
