"""Layers as data, and back."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest

import kplug
from kplug import layers
from kplug.errors import ResolutionError


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dense(3, activation="relu", kernel_regularizer="l2"),
        layers.MultiHeadAttention(2, 3, dropout=0.5),
        layers.Bidirectional(layers.LSTM(2)),
        layers.EinsumDense("ab,bc->ac", 3),
    ],
)
def test_layers_come_back(layer: Any) -> None:
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert type(again) is type(layer)
    assert json.dumps(again.get_config()) == json.dumps(layer.get_config())


def test_data_of_keras() -> None:
    theirs = keras.layers.Bidirectional(keras.layers.GRU(2, name="gates"), merge_mode="sum")
    ours = layers.deserialize(keras.layers.serialize(theirs))
    assert (ours.merge_mode, ours.forward_layer.units) == ("sum", 2)


def test_classes_of_the_caller() -> None:
    class Twice(kplug.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return 2 * inputs

    data = layers.serialize(Twice(name="t"))
    assert isinstance(layers.deserialize(data, {"Twice": Twice}), Twice)
    with pytest.raises(ResolutionError, match="Twice"):
        layers.deserialize(data)
