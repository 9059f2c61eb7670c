"""What the tests of models share: graphs drawn at random, built in Keras and in kplug alike."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest

import kplug

WIDTH = 4


class GraphPair:
    """One random graph, built in both libraries with the same weights.

    Args:
        seed: Which graph.
        freezes: Whether some layers are frozen.
    """

    def __init__(self, seed: int, freezes: bool = False) -> None:
        self.theirs = Builder(keras, seed, freezes).build()
        self.ours = Builder(kplug, seed, freezes).build()
        generator = np.random.default_rng(seed)
        shapes = [tuple(variable.shape) for variable in self.theirs.weights]
        values = [np.abs(generator.normal(size=shape)).astype("float32") for shape in shapes]
        self.theirs.set_weights(values)
        self.ours.set_weights(values)
        self.data = [
            generator.normal(size=(5, WIDTH)).astype("float32") for _ in self.theirs.inputs
        ]


@pytest.fixture(scope="session")
def graph_pair() -> type[GraphPair]:
    """Return the class that builds a random graph in both libraries."""
    return GraphPair


class Builder:
    """Builds models in one of the two libraries.

    Args:
        library: ``keras`` or ``kplug``.
        seed: Which graph.
        freezes: Whether some layers are frozen.
    """

    def __init__(self, library: Any, seed: int, freezes: bool = False) -> None:
        self.library = library
        self.layers = library.layers
        self._model = keras.Model if library is keras else kplug.Model
        self._random = random.Random(seed)
        self._freezes = freezes
        self._count = 0

    def build(self) -> Any:
        """Return the model of the seed: several inputs and outputs, shared and nested layers."""
        return self._build(depth=0, inputs=self._random.randint(1, 3), outputs=3)

    def _build(self, depth: int, inputs: int, outputs: int) -> Any:
        given = [self.library.Input((WIDTH,), name=self._name("input")) for _ in range(inputs)]
        tensors: list[Any] = list(given)
        reusable: list[Any] = []
        for _ in range(self._random.randint(3, 8 - 3 * depth)):
            tensors.append(self._step(tensors, reusable, depth))
        ends = self._random.sample(tensors[inputs:], min(outputs, len(tensors) - inputs))
        needed = given if self._random.random() < 0.5 else given[::-1]
        return self._model(needed, ends if len(ends) > 1 else ends[0], name=self._name("model"))

    def _step(self, tensors: list[Any], reusable: list[Any], depth: int) -> Any:
        kind = self._random.choice(["dense", "again", "add", "join", "norm", "model", "chain"])
        first, second = self._random.choice(tensors), self._random.choice(tensors)
        if kind == "add":
            return self.layers.Add(name=self._name("add"))([first, second])
        if kind == "join":
            joined = self.layers.Concatenate(name=self._name("join"))([first, second])
            return self._dense()(joined)
        if kind == "again" and reusable:
            return self._random.choice(reusable)(first)
        layer = self._layer(kind, depth)
        reusable.append(layer)
        return layer(first)

    def _layer(self, kind: str, depth: int) -> Any:
        if kind == "norm":
            return self._frozen(self.layers.BatchNormalization(name=self._name("norm")))
        if kind == "model" and depth == 0:
            return self._frozen(self._build(depth=1, inputs=1, outputs=1))
        if kind == "chain":
            layers = [self._dense(), self._dense()]
            chain = self.library.Sequential(
                [self.library.Input((WIDTH,)), *layers], name=self._name("chain")
            )
            return self._frozen(chain)
        return self._dense()

    def _dense(self) -> Any:
        return self._frozen(self.layers.Dense(WIDTH, activation="tanh", name=self._name("dense")))

    def _frozen(self, layer: Any) -> Any:
        if self._freezes and self._random.random() < 0.3:
            layer.trainable = False
        return layer

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"
