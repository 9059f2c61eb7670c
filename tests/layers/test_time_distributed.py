"""TimeDistributed against Keras, and against the layer applied to one time after the other."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch

from kplug import layers
from kplug.backend.masks import get_mask, set_mask
from kplug.errors import ArgumentValueError, DataError
from kplug.models import Sequential
from tests.layers.inputs import draw

INNER: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "Dense": ((3,), {"units": 2}),
    "Conv2D": ((5, 5, 2), {"filters": 3, "kernel_size": 3, "padding": "same"}),
    "MaxPooling2D": ((4, 4, 2), {}),
    "Flatten": ((4, 2), {}),
    "LSTM": ((4, 2), {"units": 3, "return_sequences": True}),
    "LayerNormalization": ((3,), {}),
    "BatchNormalization": ((3,), {}),
}


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("training", [False, True])
def test_against_keras(name: str, training: bool) -> None:
    size, arguments = INNER[name]
    ours = layers.TimeDistributed(getattr(layers, name)(**arguments))
    theirs = keras.layers.TimeDistributed(getattr(keras.layers, name)(**arguments))
    x = draw(2, 4, *size)
    theirs.build(tuple(x.shape))
    ours.build_for((None, *x.shape[1:]))
    ours.set_weights([one.value.detach().numpy() for one in theirs.weights])
    made, expected = ours(x, training=training), theirs(x, training=training)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
    assert ours.compute_output_shape((None, *x.shape[1:])) == (None, *expected.shape[1:])
    for weight, variable in zip(ours.weights, theirs.weights, strict=True):
        torch.testing.assert_close(weight, variable.value, rtol=1e-5, atol=1e-6)


def test_integers() -> None:
    layer = layers.TimeDistributed(layers.Embedding(5, 2))
    x = torch.tensor([[[1, 2], [3, 4]]])
    torch.testing.assert_close(layer(x)[:, 1], layer.layer(x[:, 1]))


def test_masks_reach_a_layer_that_takes_them() -> None:
    layer = layers.TimeDistributed(layers.LSTM(3))
    x = draw(2, 3, 4, 2)
    mask = torch.tensor([[[1, 1, 1, 0]] * 3, [[1, 0, 0, 0]] * 3]).bool()
    expected = torch.stack([layer.layer(x[:, t], mask=mask[:, t]) for t in range(3)], dim=1)
    torch.testing.assert_close(layer(x, mask=mask), expected)


def test_masks_are_passed_on() -> None:
    x = draw(2, 3, 4)
    set_mask(x, torch.tensor([[1, 1, 0], [1, 0, 0]]).bool())
    outputs = layers.TimeDistributed(layers.Dense(2))(x)
    assert get_mask(outputs) is get_mask(x)


def test_wrong_mask() -> None:
    layer = layers.TimeDistributed(layers.Dense(2), name="times")
    message = r"layer 'times': a mask of shape \(2, 2\) does not fit inputs of shape \(2, 3, 4\)"
    with pytest.raises(DataError, match=message):
        layer(draw(2, 3, 4), mask=torch.ones(2, 2))


def test_too_few_axes() -> None:
    with pytest.raises(DataError, match="expects inputs of at least 3 axes"):
        layers.TimeDistributed(layers.Dense(2)).build_for((None, 3))


def test_config() -> None:
    layer = layers.TimeDistributed(layers.Dense(2, activation="relu"))
    config = json.loads(json.dumps(layer.get_config()))
    made = layers.TimeDistributed.from_config(config)
    assert json.loads(json.dumps(made.get_config())) == config


def test_model_inside() -> None:
    inner = Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(2)])
    layer = layers.TimeDistributed(inner)
    x = draw(2, 5, 3)
    torch.testing.assert_close(layer(x)[:, 2], inner(x[:, 2]))
    made = layers.TimeDistributed.from_config(json.loads(json.dumps(layer.get_config())))
    made.build_for((None, 5, 3))
    made.set_weights(layer.get_weights())
    torch.testing.assert_close(made(x), layer(x))


def test_refused() -> None:
    with pytest.raises(ArgumentValueError, match=r"(?s)'layer' is .*; allowed: a layer with one"):
        layers.TimeDistributed(layers.LSTM(3, return_state=True))
