"""How a layer is made and called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug.backend import clear_session, set_floatx
from kplug.errors import (
    ArgumentError,
    ArgumentValueError,
    DataError,
)
from kplug.layers import Conv2D, Dense, Flatten, Input, Layer


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    clear_session()


def test_automatic_names_are_those_of_keras_3() -> None:
    names = [layer.name for layer in (Dense(1), Dense(1), Conv2D(1, 1), Dense(1, name="mine"))]
    assert names == ["dense", "dense_1", "conv2d", "mine"]


@pytest.mark.parametrize("name", ["a/b", "", 3])
def test_name_is_checked(name: Any) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: a string without '/'"):
        Dense(1, name=name)


def test_unknown_keyword_suggests_the_known_one() -> None:
    with pytest.raises(ArgumentError) as caught:
        Dense(1, kernal_regularizer="l2")
    assert str(caught.value).splitlines()[0] == (
        "Dense has no argument 'kernal_regularizer'. Did you mean 'kernel_regularizer'?"
    )


@pytest.mark.parametrize(
    ("layer_class", "keywords", "text"),
    [
        (Dense, {"W_regularizer": 1}, "'W_regularizer'. Did you mean 'kernel_regularizer'?"),
        (Dense, {"input_shap": 1}, "'input_shap'. Did you mean 'input_shape'?"),
        (Dense, {"zebra": 1}, "Dense has no argument 'zebra'"),
        (
            Dense,
            {"bias": 1, "namr": 2},
            "arguments 'bias', 'namr'. Did you mean 'use_bias', 'name'",
        ),
        (Conv2D, {"border_mode": 1}, "'border_mode'. Did you mean 'padding'?"),
    ],
)
def test_suggestions(layer_class: Any, keywords: dict[str, Any], text: str) -> None:
    arguments = (1,) if layer_class is Dense else (1, 1)
    with pytest.raises(ArgumentError) as caught:
        layer_class(*arguments, **keywords)
    assert text in str(caught.value)


class Stripes(Conv2D):
    """A layer of a user's that inherits its constructor."""


class Ladder(Layer):
    """A layer of a user's whose own constructor forgets an argument of the next."""

    def __init__(self) -> None:
        Dense()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("layer_class", "arguments", "text"),
    [
        (Conv2D, (3,), "Conv2D needs 'kernel_size'\n  Write Conv2D(filters=…, kernel_size=…)."),
        (Stripes, (), "Stripes needs 'filters' and 'kernel_size'"),
        (Ladder, (), "Dense needs 'units'\n  Write Dense(units=…). Known: units, activation"),
    ],
)
def test_a_missing_argument_is_named_with_the_class_that_was_called(
    layer_class: Any, arguments: tuple[Any, ...], text: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        layer_class(*arguments)
    assert str(caught.value).startswith(text)


def test_keywords_of_a_subclass_are_known() -> None:
    class Scale(Layer):
        def __init__(self, start: object = "ones", **kwargs: Any) -> None:
            super().__init__(**kwargs)

    with pytest.raises(ArgumentError, match="Did you mean 'start'"):
        Scale(strat="ones")


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"input_shape": (4,)}, (None, 4)),
        ({"input_shape": [28, None, 1]}, (None, 28, None, 1)),
        ({"input_dim": 4}, (None, 4)),
        ({"input_dim": 4, "batch_size": 2}, (2, 4)),
        ({"batch_input_shape": (8, 4)}, (8, 4)),
        ({}, None),
    ],
)
def test_input_shape_keywords(keywords: dict[str, Any], expected: Any) -> None:
    assert Dense(1, **keywords).batch_input_shape == expected


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"input_shape": 4}, "argument 'input_shape' is 4; allowed: a tuple of integers"),
        ({"input_shape": (0,)}, r"argument 'input_shape' is \(0,\)"),
        ({"input_shape": (2.5,)}, r"argument 'input_shape' is \(2.5,\)"),
        ({"input_dim": -1}, "argument 'input_dim' is -1; allowed: an integer >= 1"),
        ({"batch_input_shape": (None, "a")}, "argument 'batch_input_shape' is"),
    ],
)
def test_wrong_input_shapes_are_refused(keywords: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        Dense(1, **keywords)


def test_type_follows_floatx_and_the_keyword() -> None:
    set_floatx("float64")
    try:
        assert Dense(1).dtype == "float64"
    finally:
        set_floatx("float32")
    assert Dense(1, dtype="float16").dtype == "float16"
    assert Dense(1).dtype == "float32"


@pytest.mark.parametrize(
    "inputs", [np.ones((2, 4)), [[1.0] * 4] * 2, torch.ones(2, 4, dtype=torch.float64)]
)
def test_inputs_are_converted(inputs: Any) -> None:
    outputs = Dense(3)(inputs)
    assert outputs.dtype is torch.float32
    assert outputs.shape == (2, 3)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float64"])
def test_other_types_meet_the_weights_as_floats(dtype: str) -> None:
    for layer, shape in ((Dense(3), (2,)), (Conv2D(3, 1), (2, 2, 1))):
        symbolic: Any = layer(Input(shape, dtype=dtype))
        assert symbolic.dtype == "float32"
        assert layer(np.ones((1, *shape), dtype=dtype)).dtype is torch.float32


def test_integers_pass_through_layers_without_weights() -> None:
    assert Flatten()(np.ones((1, 2, 2), dtype="int64")).dtype is torch.int64


def test_autocast_decides_the_types() -> None:
    layer = Dense(3)
    layer(torch.zeros(1, 3))
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(layer(torch.ones(2, 3))).dtype is torch.bfloat16


@pytest.mark.parametrize(
    ("make", "shape", "expected", "wrong"),
    [
        (lambda: Dense(3), (2, 4), "shape (None, 4)", (2, 5)),
        (lambda: Dense(3), (2, 7, 4), "shape (None, 7, 4)", (2, 7, 5)),
        (lambda: Dense(3), (2, 4), "shape (None, 4)", (4,)),
        (lambda: Conv2D(3, 2), (1, 5, 5, 2), "shape (None, None, None, 2)", (1, 5, 5, 3)),
        (lambda: Conv2D(3, 2), (1, 5, 5, 2), "shape (None, None, None, 2)", (5, 5, 2)),
        (
            lambda: Conv2D(3, 2, data_format="channels_first"),
            (1, 2, 5, 5),
            "shape (None, 2, None, None)",
            (2, 5, 5),
        ),
    ],
)
def test_wrong_shape_names_layer_and_both_shapes(
    make: Any, shape: tuple[int, ...], expected: str, wrong: tuple[int, ...]
) -> None:
    layer = make()
    layer(torch.zeros(shape))
    with pytest.raises(DataError) as caught:
        layer(torch.zeros(wrong))
    assert str(caught.value) == (
        f"layer {layer.name!r} expects inputs of {expected}, got shape {wrong}"
    )


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
