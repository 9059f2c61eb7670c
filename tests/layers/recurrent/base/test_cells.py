"""State sizes and output sizes of recurrent cells."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.layers import Dense, GRUCell, Layer, LSTMCell, SimpleRNNCell, StackedRNNCells
from kplug.layers.recurrent.base.cells import is_cell, output_size_of, sizes_of, split_states


class Narrow(Layer):
    """A cell whose output is not as wide as its first state."""

    state_size = (4, 6)
    output_size = 2

    def call(self, inputs: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return inputs[:, :2], states


class Silent(Narrow):
    """A cell that does not state its output size."""

    output_size: Any = None


def test_a_cell_is_a_layer_that_has_states() -> None:
    class Sized:
        state_size = 3

    assert is_cell(LSTMCell(3))
    assert is_cell(Narrow())
    assert not is_cell(Dense(3))
    assert not is_cell(Sized())


def test_sizes_are_a_list_however_the_cell_states_them() -> None:
    assert sizes_of(SimpleRNNCell(3)) == [3]
    assert sizes_of(LSTMCell(3)) == [3, 3]
    assert sizes_of(Narrow()) == [4, 6]


def test_an_output_is_as_wide_as_the_first_state_unless_the_cell_says_otherwise() -> None:
    assert output_size_of(GRUCell(5)) == 5
    assert output_size_of(Narrow()) == 2
    assert output_size_of(Silent()) == 4
    assert output_size_of(StackedRNNCells([GRUCell(5), LSTMCell(3)])) == 3


def test_states_are_dealt_out_in_order_of_the_cells() -> None:
    states = [torch.tensor(float(number)) for number in range(4)]
    parts = split_states([GRUCell(2), LSTMCell(3), SimpleRNNCell(4)], states)
    assert [[state.item() for state in part] for part in parts] == [[0.0], [1.0, 2.0], [3.0]]
    assert parts[1][0] is states[1]
    assert split_states([], []) == []
