"""Whole models between kplug and real Keras, in both formats and both directions."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kplug import Sequential, layers, load_model
from kplug.models import model_from_json

# Keras's variables and NumPy 2 disagree about `__array__`; Keras warns about its own HDF5 format.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning", "ignore:You are saving:UserWarning"
)

X: npt.NDArray[Any] = np.random.default_rng(0).normal(size=(12, 8, 8, 2)).astype("float32")
Y: npt.NDArray[Any] = X.sum((1, 2, 3))[:, None]


def build(library: Any, sequential: Any) -> Any:
    return sequential(
        [
            library.Input((8, 8, 2)),
            library.Conv2D(3, 3, name="conv", kernel_regularizer="l2", activation="tanh"),
            library.BatchNormalization(name="norm", momentum=0.9),
            library.Dropout(0.2, seed=1),
            library.PReLU(name="prelu"),
            library.DepthwiseConv2D(2, depthwise_initializer="he_normal"),
            library.SeparableConv2D(3, 2, use_bias=False),
            library.Flatten(),
            sequential(
                [library.Dense(4), library.LayerNormalization(), library.Dense(3)], name="in"
            ),
            library.Dense(4, name="second", kernel_constraint="max_norm"),
            library.Dense(1, name="out"),
        ],
        name="pictures",
    )


def predict(model: Any) -> npt.NDArray[Any]:
    return np.asarray(model.predict(X, verbose=0))


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_keras_loads_ours(extension: str, tmp_path: Path) -> None:
    ours, path = build(layers, Sequential), tmp_path / f"m{extension}"
    ours.compile("adam(lr=0.002)", "mse", metrics=["mae"])
    ours.fit(X, Y, epochs=2, verbose=0)
    ours.save(path)
    theirs = keras.models.load_model(path)
    np.testing.assert_allclose(predict(theirs), predict(ours), rtol=1e-5, atol=1e-5)
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in ours.layers]
    if extension == ".keras":  # Keras cannot read the optimizer's state from HDF5
        assert int(theirs.optimizer.iterations) == 2
    assert float(theirs.optimizer.learning_rate) == pytest.approx(0.002)
    evaluated = theirs.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(evaluated, ours.evaluate(X, Y, verbose=0), rtol=1e-5)


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_we_load_theirs(extension: str, tmp_path: Path) -> None:
    theirs, path = build(keras.layers, keras.Sequential), tmp_path / f"m{extension}"
    theirs.compile("adam", "mse", metrics=["mae"])
    theirs.fit(X, Y, epochs=2, verbose=0)
    theirs.save(path)
    expected = predict(theirs), theirs.evaluate(X, Y, verbose=0)
    ours = load_model(path)
    np.testing.assert_allclose(predict(ours), expected[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.evaluate(X, Y, verbose=0), expected[1], rtol=1e-5)
    assert ours.optimizer.iterations == 2
    assert ours.name == "pictures"
    assert ours.metrics_names == ["loss", "mae"]


OPTIMIZERS = [
    ("sgd(lr=0.01, momentum=0.9)", lambda: keras.optimizers.SGD(0.01, momentum=0.9)),
    ("adam(amsgrad=True)", lambda: keras.optimizers.Adam(amsgrad=True)),
    ("adamw", lambda: keras.optimizers.AdamW()),
    ("adamax", lambda: keras.optimizers.Adamax(0.002)),
    ("lion", lambda: keras.optimizers.Lion()),
    ("ftrl", lambda: keras.optimizers.Ftrl()),
    ("rmsprop", lambda: keras.optimizers.RMSprop()),
    ("adadelta", lambda: keras.optimizers.Adadelta(1.0)),
    (
        "adam(lr=exponential_decay(0.01, 3, 0.5))",
        lambda: keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)),
    ),
    (
        "adam(use_ema=True, gradient_accumulation_steps=2)",
        lambda: keras.optimizers.Adam(use_ema=True, gradient_accumulation_steps=2),
    ),
]


def small(library: Any, sequential: Any) -> Any:
    return sequential([library.Input((3,)), library.Dense(4), library.Dense(1)])


SMALL_X: npt.NDArray[Any] = np.random.default_rng(1).normal(size=(8, 3)).astype("float32")
SMALL_Y: npt.NDArray[Any] = SMALL_X[:, :1]


def train(model: Any, steps: int = 3) -> list[float]:
    return [float(model.train_on_batch(SMALL_X, SMALL_Y)) for _ in range(steps)]


@pytest.mark.parametrize("name", [name for name, _ in OPTIMIZERS])
def test_keras_goes_on_where_we_stopped(name: str, tmp_path: Path) -> None:
    ours, path = small(layers, Sequential), tmp_path / "m.keras"
    ours.compile(name, "mse")
    train(ours)
    ours.save(path)
    theirs = keras.models.load_model(path)
    np.testing.assert_allclose(train(theirs), train(ours), rtol=1e-4)


@pytest.mark.sampled
@pytest.mark.parametrize("extension", [".keras", ".h5"])
@pytest.mark.parametrize(("name", "make"), OPTIMIZERS, ids=[name for name, _ in OPTIMIZERS])
def test_we_go_on_where_keras_stopped(name: str, make: Any, extension: str, tmp_path: Path) -> None:
    theirs, path = small(keras.layers, keras.Sequential), tmp_path / f"m{extension}"
    theirs.compile(make(), "mean_squared_error")
    train(theirs)
    theirs.save(path)
    ours = load_model(path)
    np.testing.assert_allclose(train(ours), train(theirs), rtol=1e-4)


def test_ours_is_read_back_as_it_was(tmp_path: Path) -> None:
    model = build(layers, Sequential)
    model.compile("adam(lr=0.002)", "huber(delta=2.0)", metrics=["mae", "accuracy"])
    for extension in (".keras", ".h5"):
        model.save(tmp_path / f"m{extension}")
        loaded = load_model(tmp_path / f"m{extension}")
        np.testing.assert_array_equal(predict(loaded), predict(model))
        assert loaded.metrics_names == model.metrics_names
        assert loaded.loss.delta == 2.0
        assert loaded.optimizer.get_config() == model.optimizer.get_config()
        slots = {row.slot: (row.name, row.arguments) for row in loaded.components}
        for row in list(model.components)[1:]:
            assert slots[row.slot] == (row.name, row.arguments)


@pytest.mark.parametrize("name", ["adam(lr=exponential_decay(0.01, 3, 0.5))", "sgd(momentum=0.9)"])
def test_keras_trains_what_it_loaded_from_hdf5(name: str, tmp_path: Path) -> None:
    ours = small(layers, Sequential)
    ours.compile(name, "huber(delta=2.0)", metrics=["mean_absolute_error(name='off')"])
    ours.save(tmp_path / "m.h5")
    theirs = keras.models.load_model(tmp_path / "m.h5")
    np.testing.assert_allclose(
        [theirs.train_on_batch(SMALL_X, SMALL_Y) for _ in range(3)],
        [ours.train_on_batch(SMALL_X, SMALL_Y) for _ in range(3)],
        rtol=1e-4,
    )


def test_keras_reads_our_json_and_we_read_its() -> None:
    ours, theirs = build(layers, Sequential), build(keras.layers, keras.Sequential)
    assert keras.models.model_from_json(ours.to_json()).count_params() == ours.count_params()
    assert model_from_json(theirs.to_json()).count_params() == theirs.count_params()
    assert model_from_json(ours.to_json(indent=1)).to_json() == ours.to_json()


def test_archive_holds_what_keras_expects_and_no_more(tmp_path: Path) -> None:
    model = small(layers, Sequential)
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert archive.testzip() is None
        metadata = json.loads(archive.read("metadata.json"))
        config = json.loads(archive.read("config.json"))
    assert sorted(metadata) == ["date_saved", "keras_version"]
    assert config["class_name"] == "Sequential"
    assert "compile_config" not in config
