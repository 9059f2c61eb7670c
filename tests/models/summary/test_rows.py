"""Rows of a summary: its layers, their shapes and the numbers in their weights."""

from __future__ import annotations

import pytest
import torch

from kplug import Model, Sequential, layers
from kplug.errors import ArgumentValueError
from kplug.models.summary.rows import (
    Count,
    LayerRow,
    Totals,
    count_numbers,
    count_totals,
    describe_layers,
    find_nodes,
    format_size,
    is_chain,
    select_layers,
)


def make_chain() -> Sequential:
    frozen = layers.Dense(4, input_shape=(3,), name="first")
    frozen.trainable = False
    model = Sequential([frozen, layers.Dropout(0.5, name="drop"), layers.Dense(2, name="last")])
    model.ensure_built()
    return model


def make_siamese() -> Model:
    left, right = layers.Input((3,), name="left"), layers.Input((3,), name="right")
    shared = layers.Dense(4, name="shared")
    model = Model([left, right], layers.Concatenate(name="both")([shared(left), shared(right)]))
    model.ensure_built()
    return model


def test_a_row_has_shape_parameters_and_where_its_inputs_come_from() -> None:
    model = make_siamese()
    rows = {row.name: row for row in describe_layers(model.layers, find_nodes(model), False)}
    assert rows["shared"] == LayerRow(
        "shared", "Dense", "(None, 4)", 16, ("left[0][0]", "right[0][0]"), "Y"
    )
    assert rows["both"] == LayerRow(
        "both", "Concatenate", "(None, 8)", 0, ("shared[0][0]", "shared[1][0]"), "-"
    )


def test_layers_of_a_nested_model_come_below_it_if_asked() -> None:
    outer = Sequential([layers.Input((3,)), make_chain()])
    rows = list(describe_layers(outer.layers, find_nodes(outer), True))
    inner = [row for row in rows if row.level == 1]
    assert [(row.name, row.params, row.trainable) for row in inner] == [
        ("first", 16, "N"),
        ("drop", 0, "-"),
        ("last", 10, "Y"),
    ]
    assert inner[0].title == "   └ first (Dense)"
    assert not [row for row in describe_layers(outer.layers, find_nodes(outer), False) if row.level]


def test_a_layer_that_is_not_built_has_no_shape_and_no_number() -> None:
    (row,) = describe_layers([layers.Dense(4, name="dense")], [], False)
    assert row == LayerRow("dense", "Dense", "?", None)


def test_a_chain_uses_each_layer_once() -> None:
    assert is_chain(find_nodes(make_chain()))
    assert not is_chain(find_nodes(make_siamese()))
    inputs, same = layers.Input((3,)), layers.Dense(3)
    assert not is_chain(find_nodes(Model(inputs, same(same(inputs)))))


def test_layers_are_selected_between_two_patterns_in_any_order() -> None:
    chain = make_chain().layers
    names = [layer.name for layer in chain]
    assert [layer.name for layer in select_layers(chain, None)] == names
    assert select_layers(chain, ("la.*", "dr")) == chain[-2:]
    with pytest.raises(ArgumentValueError, match="or patterns for them, of first, drop, last"):
        select_layers(chain, ("x", "last"))
    with pytest.raises(ArgumentValueError, match="'layer_range' is 'first'"):
        select_layers(chain, "first")


def test_totals_tell_frozen_weights_and_the_state_of_the_optimizer_apart() -> None:
    model = make_chain()
    totals = count_totals(model)
    assert totals == Totals(Count(10, 40), Count(16, 64), None)
    assert totals.total == Count(26, 104)
    assert Totals(Count(1, 4), Count(2, 8), Count(3, 12)).total == Count(6, 24)
    assert count_totals(Sequential([layers.Dense(2)])) == Totals(Count(), Count())


def test_a_tensor_that_stands_twice_counts_once() -> None:
    shared = torch.zeros(3, 4)
    assert count_numbers([shared, torch.zeros(5, dtype=torch.float64), shared]) == Count(17, 88)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.00 B"),
        (1023, "1023.00 B"),
        (1024, "1.00 KB"),
        (3 * 2**20, "3.00 MB"),
        (2**30, "1.00 GB"),
        (2**41, "2048.00 GB"),
    ],
)
def test_bytes_have_the_largest_unit_that_fits(size: int, text: str) -> None:
    assert format_size(size) == text
    assert str(Count(1234, size)) == f"1,234 ({text})"
