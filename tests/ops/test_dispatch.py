"""Calls with tensors compute at once, calls with symbolic tensors become a part of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import ops
from kplug.errors import ArgumentError, DataError
from kplug.layers import Dense, Input, Layer
from kplug.models import Model

X = np.array([[-1.0, 0.5], [2.0, 3.0]], "float32")


def test_a_name_that_is_missing_is_answered_with_those_most_alike() -> None:
    with pytest.raises(AttributeError) as caught:
        ops.softmx  # noqa: B018
    text = str(caught.value)
    assert text.startswith(
        "module 'kplug.ops' has no function 'softmx'; most alike among its "
        f"{len(ops.__all__)} functions: softmax, log_softmax, "
    )
    assert text.endswith(
        "dir(kplug.ops) lists all. A torch function does the same in a layer's call."
    )


@pytest.mark.parametrize(("module", "name"), [("nn", "sigmod"), ("linalg", "invert")])
def test_the_modules_of_ops_answer_alike(module: str, name: str) -> None:
    with pytest.raises(
        AttributeError, match=f"module 'kplug.ops.{module}' has no function '{name}'"
    ):
        getattr(getattr(ops, module), name)


def test_functions_of_the_modules_are_functions_of_ops() -> None:
    assert ops.nn.sigmoid(X).equal(ops.sigmoid(X))
    assert ops.linalg.det(X).equal(ops.det(X))


def test_arguments_may_be_given_by_name() -> None:
    outputs = ops.concatenate(xs=[ops.sum(x=Input((2,)), axis=-1, keepdims=True)] * 2, axis=1)
    assert outputs.shape == (None, 2)


def test_a_constant_of_a_graph_may_be_an_array() -> None:
    inputs = Input((2,))
    found = Model(inputs, ops.add(np.array([1.0, 2.0], "float32"), inputs))(torch.tensor(X))
    np.testing.assert_array_equal(found, X + np.array([1.0, 2.0]))


def test_operands_of_a_function_keep_a_narrow_type() -> None:
    assert ops.maximum(torch.zeros(2, dtype=torch.bfloat16), 0.5).dtype is torch.bfloat16


def test_a_model_with_functions_is_saved_and_loaded(tmp_path: Path) -> None:
    inputs = Input((4,))
    first, second = ops.split(Dense(6)(inputs), 2, axis=-1)
    scores = ops.softmax(ops.einsum("bi,bj->bij", first, ops.log1p(ops.square(second))), axis=-1)
    model = Model(inputs, ops.mean(scores, axis=[1], keepdims=True)[:, 0])
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    x = torch.rand(3, 4)
    torch.testing.assert_close(again(x), model(x))


def test_layers_and_losses_compute_with_them_while_they_train() -> None:
    class Scaled(Layer):
        def call(self, inputs: Any) -> Any:
            return ops.reshape(ops.tanh(inputs), (ops.shape(inputs)[0], -1)) * 2.0

    def loss(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(ops.subtract(y_true, y_pred)), axis=-1)

    inputs = Input((2,))
    model = Model(inputs, Scaled()(Dense(2)(inputs)))
    model.compile("sgd", loss)
    history = model.fit(X, X, epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.mean(np.ones(3), dim=1),
        lambda: ops.reshape(np.ones(3)),
        lambda: ops.concatenate(3),
        lambda: ops.mean(None),
        lambda: ops.relu("abc"),
    ],
)
def test_arguments_that_do_not_fit_name_the_function(call: Any) -> None:
    with pytest.raises(
        (ArgumentError, DataError), match=r"kplug\.ops\.\w+ cannot compute|cannot become a tensor"
    ):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda f: ops.cond(True, f, f),
        lambda f: ops.map(f, np.ones(3)),
        lambda f: ops.vectorized_map(f, np.ones(3)),
    ],
)
def test_a_type_error_of_a_users_function_is_left_as_it_is(call: Any) -> None:
    def function(*_: Any) -> Any:
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        call(function)
