"""Arguments that cells and layers share: in Keras's order, by position and by name."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest

from kplug import layers
from kplug.errors import ArgumentError

NAMES = ["SimpleRNN", "LSTM", "GRU", "SimpleRNNCell", "LSTMCell", "GRUCell"]


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_the_order_of_keras(name: str) -> None:
    ours, theirs = (
        list(inspect.signature(getattr(library, name)).parameters)
        for library in (layers, keras.layers)
    )
    count = ours.index("recurrent_dropout") + 1
    assert ours[:count] == theirs[:count]


@pytest.mark.parametrize("name", NAMES)
def test_arguments_can_be_given_by_position(name: str) -> None:
    owner = getattr(layers, name)
    given: dict[str, Any] = {
        "units": 3,
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": False,
        "kernel_initializer": "ones",
    }
    names = [one for one in inspect.signature(owner).parameters if one in given]
    made = owner(*[given[one] for one in names], name="r")
    assert made.get_config() == owner(**{one: given[one] for one in names}, name="r").get_config()
    assert made.get_config()["kernel_initializer"] == "kplug/ones"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_missing_or_unknown_is_named(name: str) -> None:
    owner = getattr(layers, name)
    with pytest.raises(ArgumentError, match=f"{name} needs 'units'"):
        owner(dropout=0.5)
    with pytest.raises(ArgumentError, match="Did you mean 'dropout'"):
        owner(3, dropuot=0.5)
    with pytest.raises(TypeError, match="multiple values"):
        owner(3, units=3)
    with pytest.raises(TypeError, match="positional arguments"):
        owner(*range(40))


def test_attributes_of_the_cell_are_the_layers() -> None:
    layer = layers.LSTM(3, dropout=0.25, unit_forget_bias=False, kernel_regularizer="l2")
    assert (layer.units, layer.dropout, layer.unit_forget_bias) == (3, 0.25, False)
    layer.build_for((None, 2, 4))
    assert layer.kernel_regularizer is layer.cell.kernel_regularizer
    assert layer.kernel_regularizer.l2 == 0.01
