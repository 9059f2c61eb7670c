"""Layers that make a cell of their own arguments and show its attributes."""

from __future__ import annotations

from typing import Any

import keras
import pytest

import kplug
from kplug.errors import ArgumentValueError
from kplug.layers import GRUCell, SimpleRNNCell
from kplug.layers.recurrent.base.own_cell import describe_cell, make_cell, show_cell


class Holder:
    """Stands for a layer that has a cell."""

    name = "holder"

    def __init__(self, cell: Any) -> None:
        self.cell = cell


show_cell(Holder, GRUCell)


def test_arguments_are_divided_between_cell_and_layer() -> None:
    arguments = {"units": 3, "use_bias": False, "go_backwards": True, "name": "outer"}
    cell, others = make_cell(GRUCell, arguments)
    assert isinstance(cell, GRUCell)
    assert (cell.units, cell.use_bias) == (3, False)
    assert cell.name != "outer"
    assert others == {"go_backwards": True, "name": "outer"}


def test_the_cell_has_the_number_type_and_the_state_of_training_of_the_layer() -> None:
    arguments = {"units": 3, "dtype": "float64", "trainable": False}
    cell, others = make_cell(SimpleRNNCell, arguments)
    cell.build((None, 2))
    assert {weight.dtype.name for weight in cell.get_weights()} == {"float64"}
    assert not cell.trainable
    assert others == {"dtype": "float64", "trainable": False}
    assert make_cell(SimpleRNNCell, {"units": 3})[0].trainable


def test_a_layer_shows_the_arguments_of_its_cell_as_they_are_now() -> None:
    holder: Any = Holder(GRUCell(3, reset_after=False, name="inner"))
    assert (holder.units, holder.reset_after) == (3, False)
    assert holder.name == "holder"  # each layer has its own
    holder.cell = GRUCell(5)
    assert holder.units == 5
    with pytest.raises(AttributeError, match="no setter"):
        holder.units = 4


def test_the_configuration_of_a_cell_leaves_out_what_every_layer_has() -> None:
    config = describe_cell(GRUCell(3, dropout=0.5, name="inner", dtype="float64"))
    assert (config["units"], config["dropout"]) == (3, 0.5)
    assert not {"name", "dtype", "trainable"} & config.keys()
    assert make_cell(GRUCell, config)[1] == {}


def test_an_argument_that_the_cell_refuses_is_named() -> None:
    with pytest.raises(ArgumentValueError, match="argument 'units' is -1"):
        make_cell(GRUCell, {"units": -1})


@pytest.mark.parametrize("name", ["GRU", "LSTM", "SimpleRNN"])
def test_the_cell_of_a_layer_has_the_name_that_keras_gives_it(name: str) -> None:
    theirs = getattr(keras.layers, name)(3)
    assert getattr(kplug.layers, name)(3).cell.name == theirs.cell.name
