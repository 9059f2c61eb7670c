"""Real Keras on the other side of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kplug.saving import load_weights, save_weights

Make = Callable[..., Any]

# Keras's variables and NumPy 2 disagree about `__array__`; Keras warns about its own HDF5 format.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning", "ignore:You are saving:UserWarning"
)


@pytest.fixture
def convolutional() -> Any:
    """Return a Keras model with weightless layers, a convolution and normalization."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(3, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(4, name="dense"),
            keras.layers.Dense(1, name="out"),
        ]
    )


@pytest.fixture
def twin(make_model: Make) -> Callable[..., Any]:
    """Return a maker of stand-ins with the weights' names and shapes of a Keras model's layers."""

    def make(model: Any, prefix: str = "") -> Any:
        shapes = {
            prefix + layer.name: {weight.name: tuple(weight.shape) for weight in layer.weights}
            for layer in model.layers
        }
        return make_model(**shapes)

    return make


def assert_equal(keras_model: Any, model: Any) -> None:
    for theirs, ours in zip(keras_model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("options", [{}, {"by_name": True}])
def test_keras_reads_our_file(convolutional: Any, twin: Make, tmp_path: Path, options: Any) -> None:
    model = twin(convolutional)
    save_weights(model, tmp_path / "a.h5")
    convolutional.load_weights(tmp_path / "a.h5", **options)
    assert_equal(convolutional, model)


@pytest.mark.slow
def test_keras_reads_split_names(twin: Make, tmp_path: Path) -> None:
    layers = [keras.layers.Dense(1, name=f"{number}_{'x' * 400}") for number in range(200)]
    keras_model = keras.Sequential([keras.Input((1,)), *layers])
    model = twin(keras_model)
    save_weights(model, tmp_path / "a.h5")
    keras_model.load_weights(tmp_path / "a.h5")
    assert_equal(keras_model, model)


@pytest.mark.parametrize("options", [{}, {"by_name": True}])
def test_whole_model_file_of_keras_loads(
    convolutional: Any, twin: Make, tmp_path: Path, options: Any
) -> None:
    convolutional.compile("sgd", "mse")
    convolutional.save(tmp_path / "m.h5")
    model = twin(convolutional)
    load_weights(model, tmp_path / "m.h5", **options)
    assert_equal(convolutional, model)


def test_other_names_load_by_position_in_both_directions(
    convolutional: Any, twin: Make, tmp_path: Path
) -> None:
    model = twin(convolutional, prefix="other_")
    save_weights(model, tmp_path / "a.h5")
    convolutional.load_weights(tmp_path / "a.h5")
    assert_equal(convolutional, model)


def test_nested_model_is_exchanged(make_model: Make, twin: Make, tmp_path: Path) -> None:
    inner = keras.Sequential(
        [
            keras.layers.Dense(3, name="a"),
            keras.layers.BatchNormalization(name="b"),
            keras.layers.Dense(3, name="c"),
        ],
        name="inner",
    )
    outer = keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(1, name="out")])

    def make() -> Any:
        our_inner = twin(inner)
        our_inner.name = "inner"
        for layer in our_inner.layers:
            for name, weight in layer.named_parameters():
                weight.requires_grad_(not name.startswith("moving"))
        return make_model(our_inner, out={"kernel": (3, 1), "bias": (1,)})

    saved, loaded = make(), make()
    save_weights(saved, tmp_path / "a.h5")
    outer.load_weights(tmp_path / "a.h5")
    assert_equal(outer, saved)
    outer.save(tmp_path / "m.h5")
    load_weights(loaded, tmp_path / "m.h5")
    assert_equal(outer, loaded)
