"""Weights as lists: in Keras's order, and checked before one is assigned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug.errors import NotBuiltError, WeightsError
from kplug.layers import Conv2D, Dense
from kplug.layers.base.weight_lists import assign_weights


def _dense() -> Dense:
    layer = Dense(3, name="d")
    layer.build_for((None, 4))
    return layer


def _conv(groups: int = 1) -> Conv2D:
    layer = Conv2D(8, (3, 5), groups=groups, name="c")
    layer.build_for((None, 9, 9, 4))
    return layer


def test_copies_in_numpy_are_apart_and_in_order() -> None:
    layer = _dense()
    kernel = layer.get_weights()[0]
    assert kernel.flags["C_CONTIGUOUS"]
    kernel[:] = 0.0
    assert float(layer.kernel.detach().abs().sum()) > 0.0


def test_set_and_get_are_inverse() -> None:
    layer = _conv()
    arrays = [np.arange(480.0).reshape(3, 5, 4, 8), np.arange(8)]
    layer.set_weights(arrays)
    for made, given in zip(layer.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(made, given)
    assert layer.kernel.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)


def test_tensors_read_only_and_big_endian_arrays_are_taken() -> None:
    layer = _dense()
    kernel = np.ones((4, 3), dtype=">f8")
    kernel.flags.writeable = False
    layer.set_weights([kernel, torch.full((3,), 2.0, requires_grad=True)])
    assert layer(torch.ones(1, 4)).tolist() == [[6.0, 6.0, 6.0]]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            [np.zeros((4, 3))],
            "layer 'd' has 2 weights, got 1 array; nothing was assigned\n"
            "  Its weights are: kernel (4, 3), bias (3,).",
        ),
        (
            [np.zeros((4, 3)), np.zeros(3), np.zeros(3)],
            "layer 'd' has 2 weights, got 3 arrays; nothing was assigned\n"
            "  Its weights are: kernel (4, 3), bias (3,).",
        ),
        (
            [np.zeros((4, 3)), np.zeros(4)],
            "layer 'd': weight 'bias' has shape (3,), the array has shape (4,); "
            "nothing was assigned",
        ),
        (
            [np.zeros((4, 3)), "abc"],
            "layer 'd': what was given for weight 'bias' holds <U3 values; numbers are needed; "
            "nothing was assigned\n"
            "  Weights are arrays of numbers, one for each weight.",
        ),
        (
            [np.zeros((4, 3)), np.array([None, None, None])],
            "layer 'd': what was given for weight 'bias' holds object values; numbers are needed; "
            "nothing was assigned\n"
            "  Weights are arrays of numbers, one for each weight.",
        ),
    ],
)
def test_nothing_is_assigned_if_something_does_not_fit(values: Any, text: str) -> None:
    layer = _dense()
    before = layer.get_weights()
    with pytest.raises(WeightsError) as caught:
        layer.set_weights(values)
    assert str(caught.value) == text
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_layer_without_weights_takes_none() -> None:
    with pytest.raises(WeightsError, match="has 0 weights, got 1 array") as caught:
        assign_weights("layer 'x'", [], [np.zeros(1)])
    assert "Its weights are: none." in str(caught.value)


def test_count_of_an_unbuilt_layer_is_unknown() -> None:
    with pytest.raises(NotBuiltError) as caught:
        Dense(3, name="d").count_params()
    assert str(caught.value) == (
        "layer 'd' has no weights yet: its input shape is unknown\n"
        "  Give it an input_shape, or call it on data once."
    )
