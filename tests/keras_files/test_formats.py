"""Each format, written by one library and read by the other: outputs and weights are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

import kplug

# Keras 3 calls `numpy.array` on its variables, which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning")

WHOLE = ["model.keras", "model.h5"]
WEIGHTS = ["model.weights.h5", "model.h5"]


@pytest.mark.sampled
@pytest.mark.parametrize("name", WHOLE)
def test_models_of_keras_are_loaded(sampled_pair: Any, name: str, tmp_path: Path) -> None:
    pair = sampled_pair
    pair.theirs.save(tmp_path / name)
    if name == "model.h5" and "kplug" not in pair.architecture.readers:
        with pytest.raises(kplug.errors.KplugError, match="no layer is named"):
            kplug.load_model(tmp_path / name, compile=False)
        return
    ours = kplug.load_model(tmp_path / name, compile=False)
    pair.check_weights(ours)
    pair.check_outputs(ours)


@pytest.mark.sampled
@pytest.mark.parametrize("name", WHOLE)
def test_keras_loads_our_models(sampled_pair: Any, name: str, tmp_path: Path) -> None:
    pair = sampled_pair
    ours = pair.build_ours()
    ours.set_weights(pair.weights)
    ours.save(tmp_path / name)
    if name == "model.h5" and "keras" not in pair.architecture.readers:
        pair.theirs.save(tmp_path / "theirs.h5")
        for path in (tmp_path / "theirs.h5", tmp_path / name):
            with pytest.raises((TypeError, ValueError)):
                keras.saving.load_model(path)
        return
    theirs = keras.saving.load_model(tmp_path / name)
    pair.check_weights(theirs)
    pair.check_outputs(theirs)


@pytest.mark.sampled
@pytest.mark.parametrize("name", WHOLE)
def test_our_models_are_loaded(sampled_pair: Any, name: str, tmp_path: Path) -> None:
    pair = sampled_pair
    ours = pair.build_ours()
    ours.set_weights(pair.weights)
    ours.save(tmp_path / name)
    again = kplug.load_model(tmp_path / name, compile=False)
    assert again.get_config() == ours.get_config()
    pair.check_weights(again)
    pair.check_outputs(again)


@pytest.mark.sampled
@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_keras_are_loaded(sampled_pair: Any, name: str, tmp_path: Path) -> None:
    pair = sampled_pair
    # A whole model in HDF5 holds its weights in the layout of Keras 2.
    write = pair.theirs.save_weights if name == "model.weights.h5" else pair.theirs.save
    write(tmp_path / name)
    ours = pair.build_ours()
    ours.load_weights(tmp_path / name)
    pair.check_weights(ours)
    pair.check_outputs(ours)


@pytest.mark.sampled
@pytest.mark.parametrize("name", WEIGHTS)
def test_keras_loads_our_weights(sampled_pair: Any, name: str, tmp_path: Path) -> None:
    pair = sampled_pair
    ours = pair.build_ours()
    ours.set_weights(pair.weights)
    ours.save_weights(tmp_path / name)
    theirs = pair.build_theirs()
    theirs.load_weights(tmp_path / name)
    pair.check_weights(theirs)
    pair.check_outputs(theirs)
