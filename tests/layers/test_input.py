"""Inputs of a model."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug.backend import clear_session
from kplug.errors import ArgumentError, ArgumentValueError, DataError
from kplug.layers import Input, InputLayer


@pytest.mark.parametrize(
    ("keywords", "shape"),
    [
        ({"shape": (4,)}, (None, 4)),
        ({"shape": (None, 3), "batch_size": 2}, (2, None, 3)),
        ({"batch_shape": (None, 4)}, (None, 4)),
        ({"batch_input_shape": [8, 4]}, (8, 4)),
        ({"input_shape": (4,)}, (None, 4)),
        ({"input_dim": 4}, (None, 4)),
        ({"shape": ()}, (None,)),
    ],
)
def test_shape_keywords_of_both_keras(keywords: dict[str, Any], shape: tuple[int, ...]) -> None:
    assert Input(**keywords).shape == shape


def test_type_and_name() -> None:
    clear_session()
    inputs = Input((4,), dtype="int32")
    assert (inputs.dtype, inputs.name) == ("int32", "input_layer")
    assert Input((4,), name="image").name == "image"
    assert Input((4,), input_dtype="float64").dtype == "float64"


def test_shape_is_needed() -> None:
    with pytest.raises(ArgumentError, match="InputLayer needs a shape"):
        Input()


def test_shape_is_a_tuple() -> None:
    with pytest.raises(ArgumentValueError, match="argument 'input_shape' is 4; allowed: a tuple"):
        Input(4)  # type: ignore[arg-type]


def test_layer_returns_what_it_is_given() -> None:
    layer = InputLayer((2,))
    assert layer(torch.ones(3, 2)).shape == (3, 2)
    assert layer.get_weights() == []
    assert (layer.built, layer.input, layer.output_shape) == (True, layer.output, (None, 2))


def test_layer_checks_a_built_graph() -> None:
    layer = InputLayer((2,), name="i")
    with pytest.raises(DataError) as caught:
        layer.declare_for((None, 3))
    assert str(caught.value) == ("layer 'i' expects inputs of shape (None, 2), got shape (None, 3)")


def test_config_makes_it_again() -> None:
    layer = InputLayer((2, None), batch_size=3, dtype="int32", name="i")
    again = InputLayer.from_config(layer.get_config())
    assert (again.batch_shape, again.dtype, again.name) == ((3, 2, None), "int32", "i")


def test_config_of_keras_3_is_taken() -> None:
    layer = InputLayer.from_config({"batch_shape": [None, 4], "dtype": "float32", "name": "i"})
    assert layer.batch_shape == (None, 4)


def test_texts_are_refused_with_what_to_do() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Input((1,), dtype="string")
    assert str(caught.value) == (
        "Input: argument 'dtype' is 'string'; allowed: a type of numbers, since torch has no tensors of "
        "texts. Texts are read as the numbers of the layer that takes the input: Input((tokens,), "
        "dtype='int64') for TextVectorization, Input((1,), dtype='int64') for StringLookup"
    )
