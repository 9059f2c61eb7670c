"""Pooling of whole channels, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import torch
from hypothesis import given, strategies as st

from kplug import layers
from tests.layers.inputs import SETTINGS, data_formats, draw_images, ranks, sizes, words


@given(
    rank=ranks,
    size=sizes,
    data_format=data_formats,
    keepdims=st.booleans(),
    kind=words(["Max", "Average"]),
)
@SETTINGS
def test_global_pooling(
    compare: Any, rank: int, size: tuple[int, ...], kind: str, **arguments: Any
) -> None:
    x = draw_images(rank, size, 3, arguments["data_format"])
    compare(f"Global{kind}Pooling{rank}D", x, **arguments)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_average_of_masked_times(data_format: str, keepdims: bool) -> None:
    x = draw_images(1, (4,), 3, data_format)
    mask = torch.tensor([[1, 1, 0, 0], [1, 0, 1, 1]]).bool()
    arguments: dict[str, Any] = {"data_format": data_format, "keepdims": keepdims}
    made = layers.GlobalAveragePooling1D(**arguments)(x, mask=mask)
    expected = keras.layers.GlobalAveragePooling1D(**arguments)(x, mask=mask)
    torch.testing.assert_close(made, expected)


def test_global_average_of_a_sample_without_a_step_is_zero_and_has_a_gradient() -> None:
    x = torch.ones(2, 3, 1, requires_grad=True)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    made = layers.GlobalAveragePooling1D()(x, mask=mask)
    assert made.tolist() == [[1.0], [0.0]]
    made.sum().backward()
    assert x.grad is not None
    assert x.grad.squeeze(-1).tolist() == [[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]
