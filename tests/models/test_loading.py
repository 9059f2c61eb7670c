"""Whole models from files and from JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from kplug import Sequential, layers, optimizers
from kplug.errors import ArgumentValueError, ContractError, WeightsError
from kplug.models.loading import load_model, model_from_json

KERNEL = np.arange(6, dtype="float32").reshape(3, 2)


class Scale(layers.Layer):
    """Multiplies by a weight."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


class Fussy(Scale):
    """Cannot be built."""

    def build(self, input_shape: Any) -> None:
        raise LookupError(f"no table for {input_shape[-1]}")


def save(path: Path, *others: layers.Layer) -> Path:
    model = Sequential([layers.Dense(2, input_shape=(3,)), *others])
    model.layers[0].set_weights([KERNEL, np.ones(2, dtype="float32")])
    model.compile("sgd", "mse")
    model.save(path)
    return path


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_loaded_model_computes_what_its_weights_say(name: str, tmp_path: Path) -> None:
    model = load_model(save(tmp_path / name))
    x = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]], dtype="float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), x @ KERNEL + 1.0)
    assert model.evaluate(x, x @ KERNEL, verbose=0) == pytest.approx(1.0)


def test_without_compiling_there_is_no_loss(tmp_path: Path) -> None:
    path = save(tmp_path / "m.keras")
    assert load_model(path, compile=False).compiled is None
    with pytest.raises(ArgumentValueError, match="'compile' is 'yes'"):
        load_model(path, compile="yes")  # type: ignore[arg-type]


def test_a_class_that_cannot_be_built_is_blamed_and_not_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / "m.keras", Scale())
    assert len(load_model(path, {"Scale": Scale}).weights) == 3
    with pytest.raises(ContractError, match="cannot be built: LookupError: no table for 2"):
        load_model(path, {"Scale": Fussy})


def test_more_weights_than_a_file_can_hold_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        dense = next(each for each in config["config"]["layers"] if each["class_name"] == "Dense")
        dense["config"]["units"] = 10**9
        file.attrs["model_config"] = json.dumps(config)
    # (3 + 1) · 10⁹ numbers of four bytes.
    with pytest.raises(WeightsError, match="announces weights of 16000000000 bytes, the whole"):
        load_model(path)


def test_json_of_keras_makes_the_same_model_with_new_weights() -> None:
    theirs = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()]
    )
    ours = model_from_json(theirs.to_json())
    assert ours.output_shape == tuple(theirs.output_shape)
    assert [tuple(weight.shape) for weight in ours.get_weights()] == [
        tuple(weight.shape) for weight in theirs.weights
    ]
    assert ours.compiled is None


def test_a_bare_list_of_layers_is_a_sequential_model() -> None:
    model = model_from_json('[{"class_name": "Activation", "config": {"activation": "relu"}}]')
    assert type(model) is Sequential
    assert [type(layer) for layer in model.layers] == [layers.Activation]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the text is no JSON that can be read"),
        ("3", "the configuration of the model has 3 for a layer"),
        ("{}", "the configuration of the model has a dict without 'class_name' for a layer"),
    ],
)
def test_a_text_that_describes_no_model_is_refused(text: str, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        model_from_json(text)


def test_the_optimizer_of_a_file_is_made_once(tmp_path: Path) -> None:
    made: list[float] = []

    class Slow(optimizers.SGD):
        def __init__(self, lr: float = 0.01) -> None:
            made.append(lr)
            super().__init__(lr=lr)

    model = Sequential([layers.Dense(1, input_shape=(3,))])
    model.compile(Slow(0.5), "mse")
    model.save(tmp_path / "m.keras")
    made.clear()
    loaded = load_model(tmp_path / "m.keras", custom_objects={"Slow": Slow})
    assert (made, loaded.optimizer.lr) == ([0.5], 0.5)
