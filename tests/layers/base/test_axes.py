"""Axes of arguments, and where they lie in the inputs of a layer."""

from __future__ import annotations

import pytest

from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Dense
from kplug.layers.base.axes import (
    find_axes,
    known_sizes,
    require_axes,
    require_axis,
    require_integers,
)


def test_one_axis_may_stand_in_a_list() -> None:
    assert require_axis("norm", -1) == -1
    assert require_axis("norm", [3]) == 3
    with pytest.raises(ArgumentValueError, match=r"argument 'axis' is \[1, 2\]; .* one integer"):
        require_axis("norm", [1, 2])


def test_axes_keep_whether_they_came_as_a_list() -> None:
    assert require_axes("norm", 2) == 2
    assert require_axes("norm", [2]) == (2,)
    assert require_axes("norm", (3, -1)) == (3, -1)


@pytest.mark.parametrize("value", [0, [1, 0]])
def test_the_axis_of_the_batch_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match=r"norm: .*any axis but 0, which is the batch"):
        require_axes("norm", value)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [], [1, True]])
def test_something_else_than_integers_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match=r"argument 'dims' .* allowed: some integers"):
        require_integers("permute", "dims", value, "some integers")


def test_an_empty_list_passes_where_none_is_enough() -> None:
    assert require_integers("permute", "dims", [], "integers", at_least=0) == ()


def test_axes_are_counted_from_the_front_once_each_and_in_rising_order() -> None:
    layer, shape = Dense(1), (None, 5, 6, 7)
    assert find_axes(layer, -1, shape) == (3,)
    assert find_axes(layer, (-1, 1), shape) == (1, 3)
    assert find_axes(layer, (3, -1), shape) == (3,)


@pytest.mark.parametrize("axis", [3, -3, (1, 4)])
def test_an_axis_that_the_inputs_lack_is_refused(axis: int | tuple[int, ...]) -> None:
    text = r"layer 'last' works along axis .*, its inputs of shape \(None, 5, 6\) have 3 axes"
    with pytest.raises(DataError, match=text):
        find_axes(Dense(1, name="last"), axis, (None, 5, 6))


def test_sizes_of_axes_must_be_known() -> None:
    layer = Dense(1, name="last")
    assert known_sizes(layer, (None, 5, 6), (2, 1)) == (6, 5)
    with pytest.raises(DataError, match="'last' needs to know the size of axis 1"):
        known_sizes(layer, (None, None, 6), (2, 1))
