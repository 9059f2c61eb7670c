"""Pooling to a chosen size, against Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import ArgumentValueError, DataError
from kplug.layers import AdaptiveAveragePooling2D, AdaptiveMaxPooling1D, Input


@pytest.mark.parametrize("kind", ["Average", "Max"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@given(
    sizes=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=3),
    channels=st.integers(1, 3),
)
@settings(max_examples=15, deadline=None)
def test_outputs_and_gradients(
    compare: Any, kind: str, data_format: str, sizes: list[tuple[int, int]], channels: int
) -> None:
    lengths, parts = [pair[0] for pair in sizes], [pair[1] for pair in sizes]
    is_last = data_format == "channels_last"
    shape = (2, *lengths, channels) if is_last else (2, channels, *lengths)
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    name = f"Adaptive{kind}Pooling{len(sizes)}D"
    compare(name, inputs, output_size=tuple(parts), data_format=data_format)


def test_sizes_that_vary() -> None:
    layer = AdaptiveAveragePooling2D((2, 3))
    assert layer(Input((None, None, 4))).shape == (None, 2, 3, 4)
    assert layer(torch.ones(1, 5, 5, 4)).shape == (1, 2, 3, 4)
    assert AdaptiveAveragePooling2D.from_config(layer.get_config()).output_size == (2, 3)


def test_wrong_arguments_and_inputs() -> None:
    with pytest.raises(ArgumentValueError, match=r"'output_size' is 0; allowed: an integer >= 1"):
        AdaptiveMaxPooling1D(0)
    with pytest.raises(DataError, match="expects inputs of 3 axes"):
        AdaptiveMaxPooling1D(2)(torch.ones(2, 3))
