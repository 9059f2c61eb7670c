"""Inputs of layers become tensors of the layer's type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug.layers import Conv2D, Dense, Flatten, Input


@pytest.mark.parametrize(
    "inputs", [np.ones((2, 4)), [[1.0] * 4] * 2, torch.ones(2, 4, dtype=torch.float64)]
)
def test_inputs_are_converted(inputs: Any) -> None:
    outputs = Dense(3)(inputs)
    assert outputs.dtype is torch.float32
    assert outputs.shape == (2, 3)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float64"])
def test_other_types_meet_the_weights_as_floats(dtype: str) -> None:
    for layer, shape in ((Dense(3), (2,)), (Conv2D(3, 1), (2, 2, 1))):
        symbolic: Any = layer(Input(shape, dtype=dtype))
        assert symbolic.dtype == "float32"
        assert layer(np.ones((1, *shape), dtype=dtype)).dtype is torch.float32


def test_integers_pass_through_layers_without_weights() -> None:
    assert Flatten()(np.ones((1, 2, 2), dtype="int64")).dtype is torch.int64


def test_autocast_decides_the_types() -> None:
    layer = Dense(3)
    layer(torch.zeros(1, 3))
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(layer(torch.ones(2, 3))).dtype is torch.bfloat16
