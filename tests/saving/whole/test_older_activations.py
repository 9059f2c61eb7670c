"""Files of Keras 2 and tf-keras: ``hard_sigmoid`` and recurrent layers; files are made by hand.

Expected values are float64 rewrites of the formulas of Keras 2.2 and of tf-keras.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kplug import Sequential, load_model
from kplug.models import model_from_json
from tests.saving.whole.older_configs import describe, layer

Array = npt.NDArray[Any]
Write = Callable[..., Path]
GENERATOR = np.random.default_rng(2)
UNITS, FEATURES, STEPS = 3, 2, 4
X = GENERATOR.normal(size=(5, STEPS, FEATURES)).astype("float32") * 2


def random(*shape: int) -> Array:
    return GENERATOR.normal(size=shape).astype("float32")


def load(path: Path) -> Any:
    return load_model(path, compile=False)


def hard_sigmoid(x: Array) -> Array:
    return np.clip(0.2 * x + 0.5, 0.0, 1.0)


def run_lstm(x: Array, kernel: Array, recurrent: Array, bias: Array) -> Array:
    h = c = np.zeros((len(x), UNITS))
    for t in range(x.shape[1]):
        i, f, new, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = hard_sigmoid(f) * c + hard_sigmoid(i) * np.tanh(new)
        h = hard_sigmoid(o) * np.tanh(c)
    return h


def run_gru(x: Array, kernel: Array, recurrent: Array, bias: Array) -> Array:
    """Keras 2's default: the gate r acts before the product with the recurrent kernel."""
    h = np.zeros((len(x), UNITS))
    of_new = recurrent[:, 2 * UNITS :]
    for t in range(x.shape[1]):
        of_z, of_r, of_input = np.split(x[:, t] @ kernel + bias, 3, axis=1)
        recurred_z, recurred_r = np.split(h @ recurrent[:, : 2 * UNITS], 2, axis=1)
        z, r = hard_sigmoid(of_z + recurred_z), hard_sigmoid(of_r + recurred_r)
        h = z * h + (1.0 - z) * np.tanh(of_input + (r * h) @ of_new)
    return h


def exact(arrays: Sequence[Array]) -> list[Array]:
    return [array.astype("float64") for array in arrays]


@pytest.mark.parametrize(("name", "gates"), [("LSTM", 4), ("GRU", 3)])
@pytest.mark.parametrize("version", ["2.0.9", "2.2.4", "2.4.0"])
def test_recurrent_layers_of_keras_2(
    name: str, gates: int, version: str, write_old: Write, tmp_path: Path
) -> None:
    columns = gates * UNITS
    arrays = [random(FEATURES, columns), random(UNITS, columns), random(columns)]
    config: dict[str, Any] = {
        "activation": "tanh",
        "recurrent_activation": "hard_sigmoid",
        "implementation": 0,
    }
    if name == "GRU" and version > "2.2":  # earlier ones have no such argument
        config["reset_after"] = False
    model = describe([layer(name, units=UNITS, **config)], (STEPS, FEATURES))
    loaded = load(write_old(tmp_path / "m.h5", model, {"layer_0": arrays}, version))
    expected = {"LSTM": run_lstm, "GRU": run_gru}[name](X.astype("float64"), *exact(arrays))
    np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_layers_inside_layers(write_old: Write, tmp_path: Path) -> None:
    inner = layer("LSTM", name="lstm", units=UNITS, recurrent_activation="hard_sigmoid")
    arrays = [random(FEATURES, 12), random(UNITS, 12), random(12)]
    back = [random(FEATURES, 12), random(UNITS, 12), random(12)]
    model = describe([layer("Bidirectional", layer=inner, merge_mode="concat")], (STEPS, FEATURES))
    loaded = load(write_old(tmp_path / "m.h5", model, {"layer_0": [*arrays, *back]}))
    x = X.astype("float64")
    expected = [run_lstm(x, *exact(arrays)), run_lstm(x[:, ::-1], *exact(back))]
    np.testing.assert_allclose(
        loaded.predict(X, verbose=0), np.concatenate(expected, 1), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("function", ["hard_sigmoid", {"class_name": "function", "config": None}])
def test_hard_sigmoid_of_other_layers(function: Any, write_old: Write, tmp_path: Path) -> None:
    if isinstance(function, dict):  # as tf-keras 2.13 and later write it
        function = {**function, "module": "builtins", "config": "hard_sigmoid"}
    kernel, bias = random(2, 3), random(3)
    entries = [
        layer("Dense", units=3, activation=function),
        layer("Activation", activation=function),
    ]
    loaded = load(
        write_old(tmp_path / "m.h5", describe(entries, (2,)), {"layer_0": [kernel, bias]}, "2.15.0")
    )
    x = X[:, 0]
    expected = hard_sigmoid(hard_sigmoid(x @ kernel + bias))
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-5)


ONE = np.ones((1, 1), "float32")
DENSE = {
    "class_name": "Sequential",
    "config": {"name": "old", "layers": [layer("Activation", name="a", activation="hard_sigmoid")]},
}
DENSE["config"]["layers"][0]["config"]["batch_input_shape"] = [None, 1]  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"keras_version": "2.2.4"}, 0.7),
        ({"keras_version": "2.15.0", "module": "keras"}, 0.7),
        ({}, 0.7),
        ({"keras_version": "3.4.0"}, 1 / 6 + 0.5),
        ({"module": "keras", "registered_name": None}, 1 / 6 + 0.5),
    ],
)
def test_json(changes: dict[str, Any], expected: float) -> None:
    model = model_from_json(json.dumps({**DENSE, **changes}))
    assert model.predict(ONE, verbose=0)[0, 0] == pytest.approx(expected)


def test_from_config_reads_keras_2s_form() -> None:
    model = Sequential.from_config(DENSE["config"])
    assert model.predict(ONE, verbose=0)[0, 0] == pytest.approx(0.7)
    again = Sequential.from_config(model.get_config())
    assert again.predict(ONE, verbose=0)[0, 0] == pytest.approx(0.7)


def make_hard(library: Any) -> Any:
    """Return a model with Keras 3's function."""
    return library.Sequential(
        [library.layers.Input((1,)), library.layers.Activation("hard_sigmoid")]
    )


@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore")
def test_files_of_today_keep_their_function(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.{extension}"
    theirs = make_hard(keras)
    theirs.save(path)
    assert load(path).predict(ONE, verbose=0)[0, 0] == pytest.approx(1 / 6 + 0.5)
    load(path).save(path)
    for model in (load(path), keras.models.load_model(path)):
        assert model.predict(ONE, verbose=0)[0, 0] == pytest.approx(1 / 6 + 0.5)


def test_archives_of_tf_keras(tmp_path: Path) -> None:
    path, changed = tmp_path / "m.keras", tmp_path / "tf.keras"
    make_hard(keras).save(path)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "metadata.json":
                content = json.dumps({"keras_version": "2.15.0"}).encode()
            target.writestr(name, content)
    assert load(changed).predict(ONE, verbose=0)[0, 0] == pytest.approx(0.7)


@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore")
def test_keras_3_asks_for_the_function_that_it_does_not_have(
    extension: str, tmp_path: Path
) -> None:
    path = tmp_path / f"m.{extension}"
    model_from_json(json.dumps(DENSE)).save(path)
    assert load(path).predict(ONE, verbose=0)[0, 0] == pytest.approx(0.7)
    with pytest.raises(Exception, match="hard_sigmoid"):
        keras.models.load_model(path)

    class HardSigmoid:
        def __init__(self, slope: float) -> None:
            self.slope = slope

        def __call__(self, x: Any) -> Any:
            return keras.ops.clip(self.slope * x + 0.5, 0, 1)

        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            return cls(**config)

    theirs = keras.models.load_model(path, custom_objects={"kplug>hard_sigmoid": HardSigmoid})
    assert theirs.predict(ONE, verbose=0)[0, 0] == pytest.approx(0.7)
