"""Random graphs go through files, to Keras and back."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import torch

import kplug
from kplug.dialect import write_model
from tests.models.graphs import assert_same

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*saving your model as an HDF5 file:UserWarning",
    "ignore:__array__ implementation:DeprecationWarning",
)


@pytest.mark.sampled
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("seed", range(8))
def test_keras_files_are_read(graph_pair: Any, tmp_path: Path, seed: int, suffix: str) -> None:
    pair = graph_pair(seed, freezes=True)
    path = tmp_path / f"model.{suffix}"
    pair.theirs.save(path)
    assert_same(kplug.load_model(path, compile=False), pair.theirs, pair.data)


@pytest.mark.sampled
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("seed", range(8))
def test_files_are_read_here_and_by_keras(
    graph_pair: Any, tmp_path: Path, seed: int, suffix: str
) -> None:
    pair = graph_pair(seed, freezes=True)
    path = tmp_path / f"model.{suffix}"
    pair.ours.save(path)
    assert_same(kplug.load_model(path, compile=False), pair.theirs, pair.data)
    assert_same(keras.saving.load_model(path, compile=False), pair.theirs, pair.data)


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(8))
def test_weights_go_to_keras_and_back(graph_pair: Any, tmp_path: Path, seed: int) -> None:
    pair, other = graph_pair(seed), graph_pair(seed)
    for model in (other.ours, other.theirs):
        model.set_weights([torch.zeros(tuple(each.shape)).numpy() for each in model.weights])
    path = tmp_path / "model.weights.h5"
    pair.ours.save_weights(path)
    other.theirs.load_weights(path)
    other.theirs.save_weights(path)
    other.ours.load_weights(path)
    assert_same(other.ours, pair.theirs, pair.data)


def _read_ends(path: Path) -> tuple[Any, Any]:
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            text = archive.read("config.json")
    else:
        with h5py.File(path) as file:
            text = file.attrs["model_config"]
    config = json.loads(text)["config"]
    return config["input_layers"], config["output_layers"]


def _make_forms(library: Any) -> dict[str, Any]:
    """Return models whose inputs and outputs are nested in several ways, by a name."""

    def make_input(name: str = "a") -> Any:
        return library.layers.Input((3,), name=name)

    def layer(name: str = "out") -> Any:
        return library.layers.Dense(3, name=name)

    model, one, two = library.Model, make_input(), make_input("b")
    out, both = layer()(one), library.layers.Add(name="sum")([one, two])
    return {
        "tensors": model(one, out),
        "input in a list": model([one], out),
        "output in a list": model(one, [out]),
        "lists": model([one, two], [out, both]),
        "tuples": model((one, two), (out, both)),
        "dicts": model({"a": one, "b": two}, {"x": out, "y": both}),
        "dicts of one": model({"a": one}, {"x": out}),
        "nested": model([{"a": one}, (two,)], [[both], {"x": out}]),
        "no layer": model(one, one),
        "no layer, lists": model([one], [one]),
    }


@pytest.fixture(scope="module")
def forms() -> tuple[dict[str, Any], dict[str, Any]]:
    return _make_forms(kplug), _make_forms(keras)


@pytest.mark.sampled
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("form", _make_forms(kplug))
def test_inputs_and_outputs_are_written_as_keras_writes_them(
    forms: Any, tmp_path: Path, form: str, suffix: str
) -> None:
    ours, theirs = (models[form] for models in forms)
    path, other = tmp_path / f"ours.{suffix}", tmp_path / f"theirs.{suffix}"
    ours.save(path)
    theirs.save(other)
    ends = _read_ends(other)
    assert _read_ends(path) == ends
    for given in (path, other):
        kplug.load_model(given, compile=False).save(path)
        assert _read_ends(path) == _read_ends(given)
    # Here Keras 2's form, in which a list of one is a tensor.
    entry = {
        "class_name": "Functional",
        "config": kplug.models.model_from_json(ours.to_json()).get_config(),
    }
    written = write_model(entry)["config"]
    assert (written["input_layers"], written["output_layers"]) == ends


class Own(kplug.Model):
    """A class that is made as a graph is."""


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("owner", [kplug.Model, Own])
def test_keras_opens_models_inside_layers_and_models(
    tmp_path: Path, owner: Any, suffix: str
) -> None:
    """Keras warns, or refuses, where the structure of a call is not that of the model's inputs."""
    layers = kplug.layers
    inner_input, inputs = layers.Input((3,)), layers.Input((4, 3))
    inner = owner(inner_input, layers.Dense(3)(inner_input), name="inner")
    row = layers.Flatten()(layers.Cropping1D((0, 3))(layers.TimeDistributed(inner)(inputs)))
    other_input = layers.Input((3,))
    other = owner(other_input, layers.Dense(3)(other_input), name="other")
    model = kplug.Model(inputs, other(other(row)))
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    theirs = type("Own", (keras.Model,), {})
    again = keras.saving.load_model(
        path, compile=False, custom_objects={"custom>Own": theirs, "Own": theirs}
    )
    data = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    assert_same(again, model, torch.tensor(data))
    assert isinstance(again.output, keras.KerasTensor)
