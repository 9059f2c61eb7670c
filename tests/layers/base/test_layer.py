"""How a layer is made and called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug.backend import set_floatx
from kplug.errors import (
    ArgumentValueError,
    ComputationError,
    ContractError,
    DataError,
    GraphError,
)
from kplug.layers import Conv2D, Dense, Input, Layer, LSTMCell, MaxPooling1D


def test_automatic_names_are_those_of_keras_3() -> None:
    names = [layer.name for layer in (Dense(1), Dense(1), Conv2D(1, 1), Dense(1, name="mine"))]
    assert names == ["dense", "dense_1", "conv2d", "mine"]


@pytest.mark.parametrize("name", ["", 3])
def test_name_is_checked(name: Any) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: a string that is not empty"):
        Dense(1, name=name)


def test_type_follows_floatx_and_the_keyword() -> None:
    set_floatx("float64")
    try:
        assert Dense(1).dtype == "float64"
    finally:
        set_floatx("float32")
    assert Dense(1, dtype="float16").dtype == "float16"
    assert Dense(1).dtype == "float32"


def test_error_of_a_call_that_is_not_about_shapes_is_passed_on() -> None:
    def fail(x: Tensor) -> Tensor:
        raise RuntimeError("not about shapes")

    with pytest.raises(RuntimeError, match="not about shapes"):
        Dense(3, activation=fail)(torch.zeros(1, 4))


def test_hooks_of_torch_run() -> None:
    layer = Dense(3)
    seen: list[Any] = []
    layer.register_forward_hook(lambda module, inputs, outputs: seen.append(outputs.shape))
    layer(torch.zeros(2, 4))
    assert seen == [(2, 3)]


def test_layer_runs_in_functional_call_and_compiles() -> None:
    layer = Dense(3, activation="relu")
    x = torch.ones(2, 4)
    expected = layer(x)
    state = {name: tensor * 2.0 for name, tensor in layer.named_parameters()}
    doubled = torch.func.functional_call(layer, state, (x,))
    torch.testing.assert_close(doubled, expected * 2.0)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), expected)


def test_trainable_is_a_flag() -> None:
    text = "Dense: argument 'trainable' is 'no'; allowed: True or False"
    with pytest.raises(ArgumentValueError) as caught:
        Dense(1, trainable="no")
    assert str(caught.value) == text
    layer: Any = Dense(1)
    with pytest.raises(ArgumentValueError) as caught:
        layer.trainable = "no"
    assert str(caught.value) == text
    assert layer.trainable is True
    layer.trainable = np.False_
    assert layer.trainable is False


@pytest.mark.parametrize("given", [None, "abc", ["a"], object(), np.array([None])])
def test_what_a_layer_cannot_be_called_on_names_the_layer(given: Any) -> None:
    with pytest.raises(DataError, match=r"^layer 'units': .*cannot become a tensor"):
        Dense(3, name="units")(given)


@pytest.mark.parametrize(
    ("layer", "args", "kwargs", "text"),
    [
        (LSTMCell(2, name="x"), (), {}, "call of layer 'x': missing a required argument: 'states'"),
        (Dense(2, name="x"), (3,), {}, "call of layer 'x': too many positional arguments"),
        (
            Dense(2, name="x"),
            (),
            {"mode": 3},
            "call of layer 'x': got an unexpected keyword argument 'mode'",
        ),
    ],
)
def test_a_call_with_other_arguments_names_the_layer(
    layer: Any, args: Any, kwargs: Any, text: str
) -> None:
    for _ in range(2):
        with pytest.raises(ContractError, match=text):
            layer(torch.ones(2, 4), *args, **kwargs)


def test_what_a_kernel_refuses_names_the_layer_and_what_it_was_given() -> None:
    layer = MaxPooling1D(name="pool")
    for _ in range(2):
        with pytest.raises(ComputationError) as caught:
            layer(np.ones((1, 4, 2), dtype="int64"))
        assert str(caught.value).startswith(
            "layer 'pool' (MaxPooling1D) cannot compute with inputs of shape (1, 4, 2) int64: "
        )


class _Shapes(Layer):
    def __init__(self, answer: Any) -> None:
        super().__init__(name="mine")
        self.answer = answer

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.answer is ZeroDivisionError:
            raise ZeroDivisionError("by nothing")
        return self.answer

    def call(self, inputs: Any) -> Any:
        return inputs


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (ZeroDivisionError, "failed for the input shape (None, 3): ZeroDivisionError: by nothing"),
        (
            None,
            "returned None for the input shape (None, 3); it returns a shape with the batch in front",
        ),
        ("abc", "returned 'abc' for the input shape (None, 3); it returns a shape"),
        ((None, 2.5), "returned (None, 2.5) for the input shape (None, 3); it returns a shape"),
    ],
)
def test_a_shape_that_cannot_be_computed_names_the_layer(answer: Any, text: str) -> None:
    outputs = _Shapes(answer)(Input((3,)))
    with pytest.raises(GraphError) as caught:
        _ = outputs.shape
    assert str(caught.value).startswith(f"compute_output_shape of layer 'mine' (_Shapes) {text}")
