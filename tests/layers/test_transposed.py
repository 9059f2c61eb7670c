"""Transposed convolutions, against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st

from kplug import layers
from kplug.errors import ArgumentValueError
from tests.layers.inputs import SETTINGS, draw_images, sliding


@given(
    **sliding,
    filters=st.integers(1, 2),
    output_padding=st.one_of(st.none(), st.tuples(*[st.integers(0, 2)] * 3)),
)
@settings(SETTINGS, max_examples=90)
def test_transposed_convolution(
    compare: Any,
    rank: int,
    size: tuple[int, ...],
    kernel_size: tuple[int, ...],
    strides: tuple[int, ...],
    output_padding: tuple[int, ...] | None,
    channels: int,
    **arguments: Any,
) -> None:
    moves = strides[:rank]
    assume(arguments["dilation_rate"] == 1 or max(moves) == 1)
    added = None
    if output_padding is not None:
        added = tuple(
            min(cells, step - 1) for cells, step in zip(output_padding[:rank], moves, strict=True)
        )
    compare(
        f"Conv{rank}DTranspose",
        draw_images(rank, size, channels, arguments["data_format"]),
        kernel_size=kernel_size[:rank],
        strides=moves,
        output_padding=added,
        **arguments,
    )


def test_reference_transposed_convolution_of_same_padding() -> None:
    layer = layers.Conv1DTranspose(1, 3, strides=2, padding="same", use_bias=False)
    layer.build_for((None, 3, 1))
    layer.set_weights([np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)])
    made = layer(torch.ones(1, 3, 1)).flatten().tolist()
    assert made == [1.0, 10.0, 101.0, 10.0, 101.0, 10.0]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: layers.Conv2DTranspose(1, 3, strides=2, output_padding=2),
            r"Conv2DTranspose: argument 'output_padding' is 2; allowed: below strides=\(2, 2\)",
        ),
    ],
)
def test_refused_arguments(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        make()
