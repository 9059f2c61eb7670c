"""A softmax over one unit is told, wherever it is."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import pytest

from kplug import layers
from kplug.activations import softmax
from kplug.layers import Layer
from kplug.models import Sequential

GIVEN: list[Any] = [
    "softmax",
    "kplug/softmax",  # as files name it
    "Softmax(axis=-1)",
    {"class_name": "softmax", "config": {}},
    softmax,
    functools.partial(softmax, axis=1),
]
SINGLE: list[tuple[Layer, tuple[int | None, ...]]] = [
    *((layers.Dense(1, activation=each, name="out"), (2,)) for each in GIVEN),
    (layers.Activation("softmax", name="out"), (1,)),
    (layers.Activation("softmax(axis=1)", name="out"), (1, 5)),
    (layers.Softmax(name="out"), (4, 1)),
    (layers.Softmax(axis=[1, 2], name="out"), (1, 1, 3)),
    (layers.Conv2D(1, 3, activation="softmax", name="out"), (8, 8, 2)),
    (layers.Conv2DTranspose(1, 3, activation="softmax", name="out"), (None, None, 2)),
    (layers.SeparableConv1D(1, 3, activation="softmax", name="out"), (8, 2)),
    (layers.DepthwiseConv2D(3, activation="softmax", name="out"), (8, 8, 1)),
    (layers.EinsumDense("ab,bc->ac", 1, activation="softmax", name="out"), (4,)),
    (layers.LocallyConnected1D(1, 3, activation="softmax", name="out"), (8, 2)),
    (layers.SimpleRNN(1, activation="softmax", name="out"), (None, 2)),
    (layers.LSTM(1, activation="softmax", name="out"), (8, 2)),
    (layers.TimeDistributed(layers.Dense(1, activation="softmax", name="out")), (8, 2)),
]
SEVERAL: list[tuple[Layer, tuple[int | None, ...]]] = [
    (layers.Dense(2, activation="softmax"), (2,)),
    (layers.Dense(1, activation="sigmoid"), (2,)),
    (layers.Activation("softmax"), (1, 5)),
    (layers.Softmax(axis=1), (None, 1)),
    (layers.Softmax(axis=[1, 2]), (1, 3)),
    (layers.Conv2D(2, 3, activation="softmax"), (8, 8, 1)),
    # The last axis has the columns, as in Keras.
    (layers.Conv2D(1, 3, activation="softmax", data_format="channels_first"), (2, 8, 8)),
]


@pytest.mark.parametrize(("layer", "shape"), SINGLE)
def test_a_softmax_over_one_unit_is_told_once(layer: Layer, shape: tuple[Any, ...]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = Sequential([layer])
        model.build((None, *shape))
        model.compile("sgd", "mse")
    told = (
        "layer 'out' computes a softmax over one unit, which is always 1; use activation='sigmoid' for a "
        "probability"
    )
    assert [str(each.message) for each in caught] == [told]


@pytest.mark.parametrize(("layer", "shape"), SEVERAL)
def test_a_softmax_over_several_units_is_not_told(layer: Layer, shape: tuple[Any, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Sequential([layer]).build((None, *shape))
