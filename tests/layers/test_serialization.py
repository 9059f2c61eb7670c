"""Layers as data, and back."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest

import kplug
from kplug import layers
from kplug.errors import ContractError, ResolutionError


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


@kplug.complete_config
class Marked(kplug.layers.Layer):
    def __init__(self, factor: float, **options: Any) -> None:
        super().__init__(**options)
        self._factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self._factor


@kplug.complete_config
class Nested(layers.Wrapper):
    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {"inner": config.pop("layer"), **config}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(layers.deserialize(config["inner"]), name=config["name"])


def test_a_required_argument_that_a_complete_configuration_lacks_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        layers.serialize(Marked(2.0, name="m"))
    assert str(caught.value).startswith(
        "layer 'm' cannot be described: Marked.get_config leaves out 'factor', which the constructor needs"
    )


def test_a_complete_configuration_may_have_keys_of_its_own() -> None:
    assert "inner" in layers.serialize(Nested(layers.Dense(2)))["config"]


def test_models_of_each_form_are_described() -> None:
    inputs = kplug.Input((3,))
    model = kplug.Model(inputs, layers.Dense(2)(inputs))
    assert layers.serialize(model)["config"]["input_layers"]
    assert layers.serialize(kplug.Sequential([model]))["config"]["layers"]
