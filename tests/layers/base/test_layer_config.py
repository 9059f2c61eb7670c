"""Configurations of layers."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import torch
from torch import Tensor

import kplug
from kplug.errors import ArgumentError
from kplug.layers import Activation, Conv2D, Dense, Dropout, Flatten, Layer
from kplug.registry import resolve


@pytest.mark.parametrize(
    "layer",
    [
        lambda: Dense(3, activation="relu", kernel_regularizer="l2(0.1)", use_bias=False),
        lambda: Dense(3, input_shape=(4,), trainable=False, dtype="float64"),
        lambda: Conv2D(3, (1, 2), strides=2, padding="same", activity_regularizer="l1"),
        lambda: Activation("elu(alpha=0.5)"),
        lambda: Dropout(0.5, noise_shape=(None, 1), seed=3),
        lambda: Flatten(data_format="channels_first"),
    ],
)
def test_config_makes_the_layer_again(layer: Any) -> None:
    made = layer()
    config = made.get_config()
    assert type(made).from_config(config).get_config() == config


def test_config_holds_qualified_specs() -> None:
    config = Dense(3, activation="relu", bias_initializer="zeros").get_config()
    assert config["bias_initializer"] == "kplug/zeros"
    assert config["activation"].startswith("kplug/relu")
    assert config["kernel_regularizer"] is None
    assert config["units"] == 3


def test_layer_works_after_its_config_was_looked_at() -> None:
    layer = Dense(3, input_dim=4)
    layer.get_config()
    assert [weight.shape for weight in layer.get_weights()] == [(4, 3), (3,)]
    other = Dense(2, kernel_initializer="ones")
    other.get_config()
    assert other(torch.ones(1, 3)).tolist() == [[3.0, 3.0]]


def test_config_of_a_custom_component_names_it() -> None:
    def my_init(shape: Any, dtype: Any = None) -> Tensor:
        return torch.zeros(shape)

    config = Dense(3, kernel_initializer=my_init).get_config()
    assert config["kernel_initializer"] == "custom/my_init"


def test_config_with_an_unknown_component_can_be_read() -> None:
    config = Dense(3, kernel_initializer="plugin_of_tomorrow(scale=2)").get_config()
    assert config["kernel_initializer"] == "plugin_of_tomorrow(scale=2)"


def test_config_of_keras_is_taken() -> None:
    layer = Dense.from_config(
        {
            "name": "d",
            "units": 2,
            "dtype": {"class_name": "DTypePolicy", "config": {"name": "float32"}},
            "kernel_initializer": {"class_name": "Ones", "config": {}},
            "activation": "relu",
        }
    )
    assert layer(torch.ones(1, 3)).tolist() == [[3.0, 3.0]]


KERAS_3_LAYERS = [
    keras.layers.Dense(3, kernel_regularizer="l2", activation="relu"),
    keras.layers.Conv2D(3, 2, kernel_initializer="he_normal"),
    keras.layers.Dropout(0.25),
    keras.layers.MaxPooling2D(),
    keras.layers.UpSampling2D(),
    keras.layers.Flatten(),
    keras.layers.Reshape((2,)),
    keras.layers.Activation("relu"),
    keras.layers.InputLayer(shape=(3,)),
]


@pytest.mark.parametrize("theirs", KERAS_3_LAYERS, ids=lambda one: type(one).__name__)
def test_layers_are_made_from_keras_3s_dicts(theirs: Any) -> None:
    ours = resolve("layer", keras.layers.serialize(theirs)).object
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.name == theirs.name


def test_a_switch_of_keras_3_that_is_on_is_refused() -> None:
    with pytest.raises(ArgumentError, match="has no argument 'sparse'"):
        resolve("layer", {"class_name": "Dense", "config": {"units": 3, "sparse": True}})


class Scale(Layer):
    """Keeps its arguments in different ways."""

    def __init__(self, factor: Any, table: object = None, shift: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor, self.table, self._shift = factor, table, shift


class Offset(Scale):
    def __init__(self, offset: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offset = offset


@pytest.mark.parametrize("factor", [2, None, "two", [1.0, (2,)], {"a": [True]}])
def test_plain_arguments_that_a_layer_keeps_are_in_its_config(factor: Any) -> None:
    config = Scale(factor, name="s").get_config()
    assert config == {
        "name": "s",
        "trainable": True,
        "dtype": "float32",
        "activity_regularizer": None,
        "factor": factor,
        "table": None,
    }


@pytest.mark.parametrize("table", [torch.zeros(2), Dense(1), {1: "one"}, [object()]])
def test_what_json_cannot_hold_is_not_in_a_config(table: object) -> None:
    assert "table" not in Scale(1, table).get_config()


def test_arguments_that_are_handed_on_are_in_the_config() -> None:
    config = Offset(0.5, factor=3, input_shape=(4,)).get_config()
    assert (config["offset"], config["factor"]) == (0.5, 3)
    assert Offset.from_config(config).get_config() == config


class Keep(Layer):
    """Keeps another value than it was given, under the same name."""

    def __init__(
        self, rate: float = 0.5, sizes: Any = (1, 2), units: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate, self.sizes, self.units = 1 - rate, list(sizes), units or 3

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.rate


class KeepMore(Keep):
    def __init__(self, more: float, **kwargs: Any) -> None:
        super().__init__(rate=0.2, **kwargs)
        self.more = float(more)


def test_an_attribute_that_is_not_what_was_given_is_no_part_of_the_config() -> None:
    config = Keep(rate=0.2).get_config()
    assert "rate" not in config
    assert "units" not in config
    assert config["sizes"] == [1, 2]
    config = KeepMore(2).get_config()
    assert "rate" not in config
    assert config["more"] == 2.0


def test_what_such_a_config_lacks_is_said_when_the_model_is_described() -> None:
    model = kplug.Sequential([Keep(rate=0.2, input_shape=(3,))])
    with pytest.raises(kplug.ContractError, match=r"given 'rate', which Keep\.get_config leaves"):
        model.get_config()
