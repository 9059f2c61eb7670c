"""Random graphs go through files, to Keras and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest
import torch

import kplug
from tests.models.graphs import assert_same

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*saving your model as an HDF5 file:UserWarning",
    "ignore:.*structure of `inputs`:UserWarning",
    "ignore:__array__ implementation:DeprecationWarning",
)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("seed", range(8))
def test_keras_files_are_read(graph_pair: Any, tmp_path: Path, seed: int, suffix: str) -> None:
    pair = graph_pair(seed, freezes=True)
    path = tmp_path / f"model.{suffix}"
    pair.theirs.save(path)
    assert_same(kplug.load_model(path, compile=False), pair.theirs, pair.data)


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
