"""Functional models are Keras's: order of layers and weights, outputs, training."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from tests.models.graphs import as_list

SEEDS = range(25)


@pytest.mark.sampled
@pytest.mark.parametrize("seed", SEEDS)
def test_graphs_are_keras_graphs(graph_pair: Any, seed: int) -> None:
    pair = graph_pair(seed)
    ours, theirs = pair.ours, pair.theirs
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [tensor.name for tensor in ours.inputs] == [tensor.name for tensor in theirs.inputs]
    _compare_weights(ours.weights, theirs.weights)
    expected, made = theirs(pair.data), ours(pair.data)
    assert isinstance(made, list) is isinstance(expected, list)
    for one, other in zip(as_list(made), as_list(expected), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_frozen_layers_split_the_weights_as_in_keras(graph_pair: Any, seed: int) -> None:
    pair = graph_pair(seed, freezes=True)
    _compare_weights(pair.ours.trainable_weights, pair.theirs.trainable_weights)
    _compare_weights(pair.ours.non_trainable_weights, pair.theirs.non_trainable_weights)


@pytest.mark.parametrize("seed", range(4))
def test_a_frozen_model_freezes_all_inside(graph_pair: Any, seed: int) -> None:
    pair = graph_pair(seed, freezes=True)
    for value in (False, True):
        pair.theirs.trainable = pair.ours.trainable = value
        _compare_weights(pair.ours.trainable_weights, pair.theirs.trainable_weights)
        _compare_weights(pair.ours.non_trainable_weights, pair.theirs.non_trainable_weights)


def _compare_weights(ours: Any, theirs: Any) -> None:
    for weight, variable in zip(ours, theirs, strict=True):
        torch.testing.assert_close(
            weight.detach(), variable.value.detach(), rtol=0, atol=0, check_stride=False
        )


def test_gradients_reach_shared_layers_as_in_keras() -> None:
    def build(library: Any, model: Any) -> Any:
        left, right = library.Input((3,), name="left"), library.Input((3,), name="right")
        shared = library.layers.Dense(2, activation="tanh", name="shared")
        total = library.layers.Multiply(name="product")([shared(left), shared(right)])
        return model([left, right], library.layers.Dense(1, name="last")(total))

    theirs, ours = build(keras, keras.Model), build(kplug, kplug.Model)
    _copy_weights(theirs, ours)
    data = [np.random.default_rng(each).normal(size=(6, 3)).astype("float32") for each in (0, 1)]
    for model in (theirs, ours):
        model(data).square().sum().backward()
    for weight, variable in zip(ours.weights, theirs.weights, strict=True):
        torch.testing.assert_close(weight.grad, variable.value.grad, rtol=1e-5, atol=1e-6)


def test_dicts_are_ordered_as_in_keras() -> None:
    def build(library: Any, model: Any) -> Any:
        z, b = library.Input((4,), name="z"), library.Input((4,), name="b")
        outputs = {
            "z": library.layers.Dense(1, name="of_z")(z),
            "a": library.layers.Dense(2, name="of_b")(b),
        }
        return model({"z": z, "b": b}, outputs)

    theirs, ours = build(keras, keras.Model), build(kplug, kplug.Model)
    assert [tensor.name for tensor in ours.inputs] == [tensor.name for tensor in theirs.inputs]
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    _copy_weights(theirs, ours)
    data = {"z": np.ones((2, 4), "float32"), "b": np.zeros((2, 4), "float32")}
    made, expected = ours(data), theirs(data)
    assert made.keys() == expected.keys()
    for key in made:
        torch.testing.assert_close(made[key], expected[key])


def _copy_weights(theirs: Any, ours: Any) -> None:
    ours.set_weights([variable.value.detach().numpy() for variable in theirs.weights])
