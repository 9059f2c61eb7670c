"""Helpers for the tests of models: equal models in Keras and kplug, random graphs included."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch

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


@pytest.fixture(autouse=True)
def _fresh_names_and_draws() -> None:
    kplug.backend.clear_session()
    torch.manual_seed(0)


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


@pytest.fixture(scope="session")
def make() -> Callable[[Any, str], Any]:
    """Return a function that builds the model of a name with ``keras`` or ``kplug``."""
    return lambda library, name: _MODELS[name](library)


def chain(library: Any) -> Any:
    layers = library.layers
    return library.Sequential(
        [
            library.Input((8, 8, 3)),
            layers.Conv2D(1000, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(2, name="decision"),
        ],
        name="chain",
    )


def straight(library: Any) -> Any:
    inputs = library.Input((4,), name="inputs")
    hidden = library.layers.Dense(3, name="hidden")(inputs)
    return library.Model(inputs, library.layers.Dense(2, name="out")(hidden), name="straight")


def branches(library: Any) -> Any:
    layers = library.layers
    image, facts = library.Input((8, 8, 3), name="image"), library.Input((5,), name="facts")
    first = layers.Conv2D(8, 3, padding="same", name="first", activation="relu")(image)
    second = layers.Conv2D(8, 3, padding="same", name="second")(first)
    summed = layers.Add(name="sum")([first, second])
    pooled = layers.GlobalAveragePooling2D(name="pool")(summed)
    joined = layers.Concatenate(name="join")([pooled, facts])
    outputs = [layers.Dense(1, name="price")(joined), layers.Dense(4, name="kind")(joined)]
    return library.Model([image, facts], outputs, name="branches")


def siamese(library: Any) -> Any:
    layers = library.layers
    left, right = library.Input((3,), name="left"), library.Input((3,), name="right")
    shared = layers.Dense(2, name="shared")
    outputs = layers.Subtract(name="difference")([shared(left), shared(right)])
    return library.Model([left, right], outputs, name="siamese")


def nested(library: Any) -> Any:
    layers = library.layers
    inside = library.Input((3,), name="inside")
    coder = library.Model(inside, layers.Dense(4, name="code")(inside), name="coder")
    head = library.Sequential(
        [library.Input((4,)), layers.Dense(2, name="one"), layers.Dense(1, name="two")], name="head"
    )
    inputs = library.Input((3,), name="outside")
    return library.Model(inputs, head(coder(inputs)), name="nested")


def twice(library: Any) -> Any:
    layers = library.layers
    inputs = library.Input((4,), name="inputs")
    again = layers.Dense(4, name="again")
    hidden = layers.ReLU(name="relu")(again(inputs))
    return library.Model(inputs, layers.Dense(1, name="out")(again(hidden)), name="twice")


def frozen(library: Any) -> Any:
    model = branches(library)
    model.get_layer("first").trainable = False
    model.get_layer("price").trainable = False
    return model


def unbuilt(library: Any) -> Any:
    return library.Sequential([library.layers.Dense(2, name="a"), library.layers.ReLU()], name="u")


_MODELS = {
    one.__name__: one
    for one in (chain, straight, branches, siamese, nested, twice, frozen, unbuilt)
}
