"""Variables and what is known of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import backend as K
from kplug.errors import GraphError, WeightsError
from kplug.layers import Dense, Input


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (torch.ones(2, requires_grad=True), np.ones(2)),
        (torch.ones(2, dtype=torch.bfloat16), np.ones(2)),
        (0.5, np.array(0.5)),
        (np.arange(3), np.arange(3)),
        (torch.arange(6.0).reshape(2, 3).t(), np.arange(6.0).reshape(2, 3).T),
    ],
)
def test_get_value(value: Any, expected: Any) -> None:
    np.testing.assert_array_equal(K.get_value(value), expected)


def test_get_value_is_a_copy() -> None:
    x = torch.zeros(2)
    K.get_value(x)[0] = 1.0
    assert x.tolist() == [0.0, 0.0]


def test_set_value_writes_into_a_weight() -> None:
    x = torch.zeros(2, requires_grad=True)
    K.set_value(x, [1.0, 2.0])
    assert x.tolist() == [1.0, 2.0]


def test_set_value_checks_the_shape() -> None:
    x = torch.zeros(2)
    with pytest.raises(WeightsError) as caught:
        K.set_value(x, [1.0])
    assert str(caught.value) == (
        "set_value: the variable has shape (2,), the value has shape (1,); nothing was written"
    )


def test_batch_functions_take_lists() -> None:
    one, two = torch.zeros(1), torch.zeros(2)
    K.batch_set_value([(one, [1.0]), (two, [2.0, 3.0])])
    assert [value.tolist() for value in K.batch_get_value([one, two])] == [[1.0], [2.0, 3.0]]


def test_updates_happen_at_once() -> None:
    x = K.variable([1.0, 2.0])
    K.update_add(x, [1.0, 1.0])
    K.update_sub(x, 0.5)
    assert x.tolist() == [1.5, 2.5]
    K.moving_average_update(x, [0.0, 0.0], 0.5)
    assert K.update(x, K.eval(x) * 2.0).tolist() == [1.5, 2.5]


def test_variable_is_a_copy_that_gathers_gradients() -> None:
    source = np.zeros(2)
    made = K.variable(source, dtype="float64", name="v")
    K.update_add(made, 1.0)
    assert made.requires_grad
    assert source.tolist() == [0.0, 0.0]


def test_constant_fills_a_shape() -> None:
    made = K.constant(2.0, shape=(2, 2), dtype="float64")
    assert made.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert made.dtype is torch.float64


def test_cast_to_floatx_keeps_numpy_numpy() -> None:
    array = K.cast_to_floatx(np.zeros(2))
    assert isinstance(array, np.ndarray)
    assert array.dtype == np.float32
    assert K.cast_to_floatx(torch.zeros(2, dtype=torch.float64)).dtype is torch.float32


def test_shape_of_a_symbolic_tensor_leaves_the_batch_open() -> None:
    inputs = Input((4, 3))
    assert (K.int_shape(inputs), K.ndim(inputs), K.dtype(inputs)) == ((None, 4, 3), 3, "float32")
    assert K.count_params(inputs) == 12


def test_kinds_of_tensors_are_told_apart() -> None:
    assert [K.is_tensor(torch.zeros(1)), K.is_tensor(Input((1,)))] == [True, False]
    assert [K.is_keras_tensor(torch.zeros(1)), K.is_keras_tensor(Input((1,)))] == [False, True]


@pytest.mark.parametrize("x", [np.zeros((2, 3)), torch.zeros(2, 3), [[0, 0, 0], [0, 0, 0]]])
def test_shape_of_values(x: Any) -> None:
    assert (K.shape(x), K.int_shape(x), K.ndim(x), K.count_params(x)) == ((2, 3), (2, 3), 2, 6)


def test_print_tensor_returns_it(capsys: pytest.CaptureFixture[str]) -> None:
    x = torch.zeros(1)
    assert K.print_tensor(x, "x is") is x
    assert capsys.readouterr().out == "x is tensor([0.])\n"


def test_several_values_are_written_all_or_none() -> None:
    one, two = K.variable([1.0]), K.variable([2.0])
    with pytest.raises(WeightsError, match="nothing was written"):
        K.batch_set_value([(one, [5.0]), (two, [5.0, 6.0])])
    assert (one.tolist(), two.tolist()) == ([1.0], [2.0])
    K.batch_set_value([(one, [5.0]), (two, [6.0])])
    assert K.batch_get_value([one, two]) == [[5.0], [6.0]]


def test_placeholder_is_the_tensor_of_an_input() -> None:
    inputs = Input((3,))
    assert K.is_placeholder(inputs)
    assert not K.is_placeholder(Dense(1)(inputs))
    assert not K.is_placeholder(torch.zeros(1))


def test_sparse_tensors_are_written_out() -> None:
    dense = torch.eye(2)
    assert not K.is_sparse(dense)
    assert K.is_sparse(dense.to_sparse())
    assert torch.equal(K.to_dense(dense.to_sparse()), dense)
    assert K.to_dense(dense) is dense


def test_identity_is_a_copy_with_a_gradient() -> None:
    x = K.variable([1.0, 2.0])
    copy = K.identity(x, name="copy")
    (gradient,) = K.gradients(K.sum(copy), x)
    assert gradient.tolist() == [1.0, 1.0]
    assert copy.data_ptr() != x.data_ptr()


def test_k_computes_with_values_only() -> None:
    with pytest.raises(GraphError) as caught:
        K.sum(Input((3,), name="pixels"))  # type: ignore[arg-type]
    assert str(caught.value) == (
        "<SymbolicTensor 'pixels', shape (None, 3)> has no values until the model runs, so K cannot "
        "compute with it\n  Write a layer whose call(self, inputs) computes with K, and call it on the "
        "tensor."
    )
