"""Inputs of a functional model that do not fit."""

from __future__ import annotations

from typing import Any

import torch

from kplug import layers
from kplug.errors import DataError
from kplug.models import Model
from tests.models.graphs import make_sum, raised


def test_a_wrong_number_of_inputs_is_named() -> None:
    one, two, total = make_sum()
    model: Any = Model([one, two], total, name="m")
    data = torch.zeros(2, 3)
    assert raised(DataError, lambda: model([data])) == (
        "model 'm' takes 2 inputs, got a list of 1\n  Give a list or a dict of 'one', 'two'."
    )
    assert raised(DataError, lambda: model(data)) == (
        "model 'm' takes 2 inputs, got one Tensor\n  Give a list or a dict of 'one', 'two'."
    )
    single: Any = Model(one, layers.Dense(1)(one), name="single")
    assert raised(DataError, lambda: single([data, data])) == (
        "model 'single' takes 1 input, got a list of 2\n  Give a list or a dict of 'one'."
    )
    assert "got one SymbolicTensor" in raised(DataError, lambda: model(layers.Input((3,))))


def test_a_missing_name_is_suggested() -> None:
    one, two, total = make_sum()
    model: Any = Model([one, two], total, name="m")
    data = torch.zeros(2, 3)
    assert raised(DataError, lambda: model({"one": data, "tow": data})) == (
        "model 'm' got nothing for input 'two'; it was given 'one', 'tow'\n"
        "  There is no input 'tow'. Did you mean 'two'? Its inputs are 'one', 'two'."
    )


def test_a_wrong_form_of_nested_inputs_is_named() -> None:
    one, two, total = make_sum()
    model: Any = Model({"pair": [one, two]}, total, name="m")
    data = torch.zeros(2, 3)
    assert raised(DataError, lambda: model({"pair": [data]})) == (
        "model 'm' takes 2 inputs, got a dict with 'pair'\n"
        "  Give a list of 2 in 'pair', or a dict with 'one', 'two'."
    )


def test_wrong_shapes_name_the_input() -> None:
    one, two, total = make_sum()
    model: Any = Model([one, two], total, name="m")
    message = "model 'm' expects input 'two' of shape (None, 3), got shape (2, 4)"
    assert raised(DataError, lambda: model([torch.zeros(2, 3), torch.zeros(2, 4)])) == message
    symbolic = model([layers.Input((3,)), layers.Input((5,))])
    assert raised(DataError, lambda: symbolic.shape) == message.replace("(2, 4)", "(None, 5)")
