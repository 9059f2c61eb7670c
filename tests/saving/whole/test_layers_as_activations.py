"""A layer that serves as an activation is described as a layer, as in Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kplug
from kplug import layers
from kplug.models import Sequential, clone_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def make_layers(library: Any) -> list[Any]:
    return [
        library.Dense(2, activation=library.LeakyReLU(negative_slope=0.25)),
        library.Activation(library.Softmax(axis=-1)),
    ]


def predict(model: Any) -> Any:
    return model.predict(X, verbose=0)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_file_is_read_here_and_in_keras(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ours.{suffix}"
    model = Sequential([layers.Input((3,)), *make_layers(layers)])
    model.save(path)
    again, theirs = (library.load_model(path, compile=False) for library in (kplug, keras.saving))
    assert type(again.layers[0].activation) is layers.LeakyReLU
    assert type(theirs.layers[0].activation) is keras.layers.LeakyReLU
    assert again.layers[0].activation.negative_slope == 0.25
    np.testing.assert_array_equal(predict(again), predict(model))
    np.testing.assert_allclose(predict(theirs), predict(model), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_file_of_keras_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"theirs.{suffix}"
    theirs = keras.Sequential([keras.Input((3,)), *make_layers(keras.layers)])
    theirs.save(path)
    model = kplug.load_model(path, compile=False)
    assert type(model.layers[1].activation) is layers.Softmax
    np.testing.assert_allclose(predict(theirs), predict(model), rtol=1e-5, atol=1e-6)


class Own(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 3.0


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_weights_of_one_are_saved(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"slopes.{suffix}"  # Keras does not read its own: it builds such a layer late
    slopes = layers.PReLU(alpha_initializer="ones")
    model = Sequential([layers.Input((3,)), layers.Dense(2, activation=slopes)])
    model.save(path)
    again = kplug.load_model(path, compile=False)
    assert [weight.shape for weight in again.get_weights()] == [(3, 2), (2,), (2,)]
    np.testing.assert_array_equal(predict(again), predict(model))


def test_a_layer_of_ones_own_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "own.keras"
    model = Sequential([layers.Input((3,)), layers.Dense(2, activation=Own())])
    model.save(path)
    again = kplug.load_model(path, custom_objects={"Own": Own})
    assert type(again.layers[0].activation) is Own
    np.testing.assert_array_equal(predict(again), predict(model))


def test_a_configuration_makes_the_layer_again() -> None:
    config = layers.Dense(2, activation=layers.LeakyReLU(negative_slope=0.25)).get_config()
    assert config["activation"]["class_name"] == "kplug/LeakyReLU"
    again = layers.Dense.from_config(config)
    assert type(again.activation) is layers.LeakyReLU
    assert again.get_config() == config
    model = Sequential([layers.Input((3,)), again])
    clone = clone_model(model, input_tensors=layers.Input((3,)))
    assert clone.layers[0].activation.negative_slope == 0.25
