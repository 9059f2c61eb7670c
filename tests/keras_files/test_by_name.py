"""Weights of a part of a model, found by the layers' names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kplug

# Keras 3 calls `numpy.array` on its variables, which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning")


def _digits(library: Any, classes: int) -> Any:
    """Return a classifier; for other classes its last layers have other names."""
    layers = library.layers
    return library.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(2, 3, activation="relu", name="edges"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(name="flat"),
            layers.Dense(4, activation="relu", name="features"),
            layers.Dense(classes, name=f"classes_{classes}"),
        ]
    )


def _branches(library: Any) -> Any:
    """Return another architecture that has three of the layers of ``_digits``."""
    layers = library.layers
    inputs = layers.Input((6, 6, 1), name="image")
    seen = layers.BatchNormalization(name="norm")(layers.Conv2D(2, 3, name="edges")(inputs))
    shared = layers.Dense(4, name="features")(layers.Flatten(name="rows")(seen))
    outputs = [layers.Dense(2, name="left")(shared), layers.Dense(3, name="right")(shared)]
    return library.Model(inputs, outputs)


def _fill(model: Any) -> list[Any]:
    generator = np.random.default_rng(4)
    weights = [abs(generator.normal(size=tuple(one.shape))) for one in model.weights]
    model.set_weights(weights)
    return weights


def _read(model: Any, name: str) -> list[Any]:
    layer = model.get_layer(name)
    if isinstance(model, keras.Model):
        return [variable.value.detach().numpy() for variable in layer.weights]
    arrays: list[Any] = layer.get_weights()
    return arrays


@pytest.mark.parametrize(("writer", "reader"), [(keras, kplug), (kplug, keras), (kplug, kplug)])
@pytest.mark.parametrize("has_branches", [True, False])
def test_layers_of_the_same_name_are_loaded(
    writer: Any, reader: Any, has_branches: bool, tmp_path: Path
) -> None:
    source = _digits(writer, 5)
    _fill(source)
    # Keras writes the layout with names only in whole models.
    (source.save if writer is keras else source.save_weights)(tmp_path / "digits.h5")
    target = _branches(reader) if has_branches else _digits(reader, 3)
    others = ["left", "right"] if has_branches else ["classes_3"]
    before = {name: _read(target, name) for name in others}
    target.load_weights(tmp_path / "digits.h5", by_name=True)
    for name in ("edges", "norm", "features"):
        for one, other in zip(_read(target, name), _read(source, name), strict=True):
            np.testing.assert_array_equal(one, other)
    for name in others:
        for one, other in zip(_read(target, name), before[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_nested_model_is_one_layer(tmp_path: Path) -> None:
    sources = []
    for library in (keras, kplug):
        inner = _digits(library, 5)
        inner.name = "inner"
        inputs = library.layers.Input((6, 6, 1), name="image")
        sources.append(library.Model(inputs, library.layers.Dense(2, name="top")(inner(inputs))))
    theirs, ours = sources
    _fill(theirs)
    theirs.save(tmp_path / "nested.h5")
    ours.load_weights(tmp_path / "nested.h5", by_name=True)
    for one, other in zip(_read(ours, "inner"), _read(theirs, "inner"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_layer_of_another_shape_is_refused_or_left_out(tmp_path: Path) -> None:
    source, target = _digits(keras, 5), _digits(kplug, 3)
    _fill(source)
    source.layers[-1].name = "classes_3"
    source.save(tmp_path / "digits.h5")
    before = target.get_weights()
    with pytest.raises(kplug.errors.WeightsError, match="classes_3"):
        target.load_weights(tmp_path / "digits.h5", by_name=True)
    for one, other in zip(target.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.warns(kplug.errors.KplugWarning, match="skipped what does not fit"):
        target.load_weights(tmp_path / "digits.h5", by_name=True, skip_mismatch=True)
    np.testing.assert_array_equal(_read(target, "edges")[0], _read(source, "edges")[0])
    np.testing.assert_array_equal(_read(target, "classes_3")[0], before[-2])
