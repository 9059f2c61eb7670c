"""kplug's own models and Keras's: the same weights give the same outputs, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from torch import nn

from kplug import layers, models
from kplug.errors import NotBuiltError

# Keras's variables and NumPy 2 disagree about `__array__`; Keras warns about its own HDF5 format.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning", "ignore:You are saving:UserWarning"
)


def build(library: Any, sequential: Any, name: str) -> Any:
    """Return one architecture, built from kplug's layers or Keras's."""
    if name == "dense":
        parts = [
            library.Dense(5, activation="tanh", name="hidden"),
            library.Dropout(0.5),
            library.Dense(3, activation="softmax", name="out"),
        ]
        shape: tuple[int, ...] = (4,)
    else:
        parts = [
            library.Conv2D(4, 3, activation="relu", name="conv"),
            library.MaxPooling2D(2),
            library.UpSampling2D(2),
            library.Conv2D(2, (2, 3), padding="same", use_bias=False),
            library.Flatten(),
            library.Dense(6),
            library.Activation("elu"),
            library.Reshape((3, 2)),
            library.Dense(1, name="out"),
        ]
        shape = (8, 8, 2)
    return sequential([library.Input(shape=shape), *parts])


def both(name: str) -> tuple[Any, Any, Any]:
    """Return the architecture from kplug and from Keras, and a batch of inputs."""
    ours, theirs = (
        build(layers, models.Sequential, name),
        build(keras.layers, keras.Sequential, name),
    )
    shape = (5, *theirs.input_shape[1:])
    return ours, theirs, np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("name", ["dense", "convolutional"])
@pytest.mark.parametrize("options", [{}, {"by_name": True}])
def test_keras_gives_our_outputs_from_our_file(name: str, options: Any, tmp_path: Path) -> None:
    ours, theirs, inputs = both(name)
    if options:
        for layer, other in zip(ours.layers, theirs.layers, strict=True):
            other.name = layer.name
    ours.save_weights(tmp_path / "a.h5")
    theirs.load_weights(tmp_path / "a.h5", **options)
    np.testing.assert_allclose(
        ours.predict(inputs, verbose=0), theirs.predict(inputs, verbose=0), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", ["dense", "convolutional"])
def test_we_give_the_outputs_of_keras_from_its_file(name: str, tmp_path: Path) -> None:
    ours, theirs, inputs = both(name)
    theirs.save(tmp_path / "m.h5")
    ours.load_weights(tmp_path / "m.h5")
    np.testing.assert_allclose(
        ours.predict(inputs, verbose=0), theirs.predict(inputs, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_part_of_a_model_loads_by_name_into_another(tmp_path: Path) -> None:
    saved = build(layers, models.Sequential, "dense")
    other = models.Sequential(
        [
            layers.Dense(5, input_shape=(4,), name="hidden"),
            layers.Dense(2, name="new"),
        ]
    )
    new = other.layers[1].get_weights()
    saved.save_weights(tmp_path / "a.h5")
    other.load_weights(tmp_path / "a.h5", by_name=True)
    for one, two in zip(saved.layers[0].get_weights(), other.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(new[0], other.layers[1].get_weights()[0])


def test_compiled_model_says_in_the_file_what_made_it(tmp_path: Path) -> None:
    model = models.Sequential(
        [layers.Dense(2, input_shape=(3,), kernel_regularizer="l2(l2=0.02)", name="dense")]
    )
    model.compile(optimizer="sgd(lr=0.1)", loss="mse")
    model.save_weights(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        rows = json.loads(file.attrs["kplug_components"])["components"]
    by_slot = {row["slot"]: row for row in rows}
    assert by_slot["loss"]["name"] == "kplug/mean_squared_error"
    assert by_slot["dense.kernel_regularizer"]["name"] == "kplug/l2"
    assert by_slot["dense.kernel_regularizer"]["arguments"] == {"l2": 0.02}
    assert by_slot["dense.kernel_regularizer"]["distribution"] == "kplug"
    model.load_weights(tmp_path / "a.h5")


def test_model_without_input_shape_has_nothing_to_save(tmp_path: Path) -> None:
    model = models.Sequential([layers.Dense(2)])
    with pytest.raises(NotBuiltError):
        model.save_weights(tmp_path / "a.h5")
    assert list(tmp_path.iterdir()) == []


def test_nested_model_is_exchanged_after_a_layer_was_frozen(tmp_path: Path) -> None:
    def make(library: Any, sequential: Any) -> Any:
        inner = sequential(
            [library.Input((3,)), library.Dense(3, name="a"), library.Dense(3, name="b")],
            name="inner",
        )
        return sequential([library.Input((3,)), inner, library.Dense(1, name="out")])

    ours, theirs = make(layers, models.Sequential), make(keras.layers, keras.Sequential)
    inputs = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    ours.save_weights(tmp_path / "a.h5")
    theirs.load_weights(tmp_path / "a.h5")
    expected = ours.predict(inputs, verbose=0)
    np.testing.assert_allclose(theirs.predict(inputs, verbose=0), expected, rtol=1e-5, atol=1e-6)
    # A frozen layer moves to the end of its model's group, in Keras's files as in ours.
    theirs.layers[0].layers[0].trainable = False
    theirs.save(tmp_path / "m.h5")
    other = make(layers, models.Sequential)
    other.load_weights(tmp_path / "m.h5")
    np.testing.assert_allclose(other.predict(inputs, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_torch_module_survives_with_its_buffers(tmp_path: Path) -> None:
    def make() -> Any:
        return models.Sequential([layers.Input((4,)), nn.BatchNorm1d(4), nn.Linear(4, 2)])

    saved, loaded = make(), make()
    inputs = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    saved.compile("sgd", "mse")
    saved.fit(inputs, np.zeros((8, 2)), verbose=0)
    saved.save_weights(tmp_path / "a.h5")
    loaded.load_weights(tmp_path / "a.h5")
    np.testing.assert_array_equal(
        saved.predict(inputs, verbose=0), loaded.predict(inputs, verbose=0)
    )
