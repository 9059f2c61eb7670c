"""Files hold the layers as Keras's classes, and say what is missing without the distribution."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from kplug_preprocessing import layers

import kplug
from kplug import Input, Model, Sequential
from kplug.errors import DisabledComponentError
from kplug.layers import Concatenate, Dense, Embedding, Flatten

IMAGES = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 3)).astype("float32")
TEXTS = np.array([["the cat sat"], ["on the mat"]])


def _make_images() -> tuple[Any, Any]:
    """Return a model of images, and samples for it."""
    chain = [
        layers.RandomFlip("horizontal", seed=1),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.RandomTranslation(0.1, 0.2),
        layers.RandomContrast(0.2),
        layers.RandomBrightness(0.2),
        layers.Resizing(6, 6),
        layers.RandomCrop(5, 5),
        layers.CenterCrop(4, 4),
    ]
    return Sequential([Input((8, 8, 3)), *chain, Flatten(), Dense(2)]), IMAGES


def _make_categories() -> tuple[Any, Any]:
    """Return a model of categories, and samples for it."""
    numbers, amounts = Input((3,), dtype="int64"), Input((3,))
    parts = [
        layers.IntegerLookup(vocabulary=[3, 4, 5], output_mode="multi_hot")(numbers),
        layers.CategoryEncoding(5, output_mode="count")(numbers),
        layers.Hashing(4, output_mode="count")(numbers),
        layers.Discretization([0.0, 1.0], output_mode="count")(amounts),
    ]
    samples = [np.array([[3, 4, 0], [1, 2, 3]]), np.array([[0.5, 2.0, -1.0], [0.0, 1.0, 0.2]])]
    return Model([numbers, amounts], Dense(2)(Concatenate()(parts))), samples


def _make_texts(name: str) -> tuple[Any, Any]:
    layer = getattr(layers, name)()
    layer.adapt(TEXTS)
    model = Sequential([layer, Embedding(10, 3), Flatten(), Dense(1)])
    model.predict(TEXTS, verbose=0)
    return model, TEXTS


MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "images": _make_images,
    "categories": _make_categories,
    "strings": lambda: _make_texts("StringLookup"),
    "texts": lambda: _make_texts("TextVectorization"),
}


def _list_entries(path: Path) -> list[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        config: dict[str, Any] = json.loads(archive.read("config.json"))
    return list(config["config"]["layers"])


@pytest.mark.parametrize("which", MODELS)
def test_layers_are_classes_of_keras(which: str, tmp_path: Path) -> None:
    model, _ = MODELS[which]()
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.keras")
    entries = _list_entries(tmp_path / "m.keras")
    ours = {type(one).__name__ for one in model.layers if hasattr(layers, type(one).__name__)}
    found = {entry["class_name"] for entry in entries if entry["module"] == "keras.layers"}
    assert ours <= found
    assert all(entry["registered_name"] is None for entry in entries)
    rows = {row.distribution for row in model.components if row.name.split("/")[1] in ours}
    assert rows == {"kplug-preprocessing"}


@pytest.mark.sampled
@pytest.mark.parametrize("which", MODELS)
@pytest.mark.parametrize("suffix", ["keras", "h5", "weights.h5"])
def test_models_are_read(which: str, suffix: str, tmp_path: Path) -> None:
    model, samples = MODELS[which]()
    expected = model.predict(samples, verbose=0)
    if suffix == "weights.h5":
        model.save_weights(tmp_path / f"m.{suffix}")
        again, _ = MODELS[which]()
        again.load_weights(tmp_path / f"m.{suffix}")
    else:
        model.save(tmp_path / f"m.{suffix}")
        again = kplug.load_model(tmp_path / f"m.{suffix}", compile=False)
    np.testing.assert_array_equal(again.predict(samples, verbose=0), expected)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_keras_reads_them(suffix: str, tmp_path: Path) -> None:
    model, _ = _make_images()
    model.save(tmp_path / f"m.{suffix}")
    theirs = keras.saving.load_model(tmp_path / f"m.{suffix}", compile=False)
    assert [type(one).__name__ for one in theirs.layers] == [
        type(one).__name__ for one in model.layers
    ]


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_what_is_missing_is_named(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = _make_images()
    model.save(tmp_path / f"m.{suffix}")
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-preprocessing")
    kplug.reload()
    expected = r"'RandomFlip' belongs to kplug-preprocessing .*, which is switched off"
    try:
        with pytest.raises(DisabledComponentError, match=expected):
            kplug.load_model(tmp_path / f"m.{suffix}", verify="off")
    finally:
        monkeypatch.undo()
        kplug.reload()
