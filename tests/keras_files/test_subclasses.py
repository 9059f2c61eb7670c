"""Models and layers of the user's own classes: their weights go to Keras and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug

# Keras 3 calls `numpy.array` on its variables, which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning")


def _make_network(library: Any) -> Any:
    """Return a model that has layers in attributes and lists, one of a class of its own."""
    layers = library.layers

    class Scale(layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight(
                name="factor", shape=(input_shape[-1],), initializer="ones"
            )
            self.inner = layers.Dense(3, name="inner")
            self.inner.build((None, input_shape[-1]))

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs * self.factor)

    class Network(library.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(4, activation="relu")
            self.blocks = [layers.Dense(4), layers.BatchNormalization(), layers.Dense(4)]
            self.blocks_1 = layers.Dense(4, use_bias=False)
            self._private = [layers.Dense(4), [layers.Dense(4)]]
            self.all_of_them = {"again": self.first, "named": layers.Dense(4)}
            self.scale = Scale()
            self.out = layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            hidden = self.blocks_1(self.first(inputs))
            last = self._private[1][0](self.all_of_them["named"](hidden))
            for block in (*self.blocks, self._private[0]):
                hidden = block(hidden)
            return self.out(self.scale(hidden + last))

    return Network()


@pytest.fixture
def networks() -> list[Any]:
    """The model in Keras, with drawn weights, and in kplug, both built."""
    models = [_make_network(library) for library in (keras, kplug)]
    for model in models:
        model(torch.zeros(2, 3))
    generator = np.random.default_rng(2)
    drawn = [np.abs(generator.normal(size=tuple(one.shape))) for one in models[0].weights]
    models[0].set_weights(drawn)
    return models


def _check(theirs: Any, ours: Any) -> None:
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


def test_weights_have_one_order(networks: list[Any]) -> None:
    theirs, ours = networks
    ours.set_weights([one.value.detach().numpy() for one in theirs.weights])
    _check(theirs, ours)


@pytest.mark.parametrize("name", ["net.weights.h5"])
def test_weights_of_keras_are_loaded(networks: list[Any], name: str, tmp_path: Path) -> None:
    theirs, ours = networks
    theirs.save_weights(tmp_path / name)
    ours.load_weights(tmp_path / name)
    _check(theirs, ours)


@pytest.mark.parametrize("name", ["net.weights.h5", "net.h5"])
def test_keras_loads_our_weights(networks: list[Any], name: str, tmp_path: Path) -> None:
    theirs, ours = networks
    ours.save_weights(tmp_path / name)
    theirs.load_weights(tmp_path / name)
    _check(theirs, ours)
