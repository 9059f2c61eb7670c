"""Depthwise and separable convolutions, against Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import layers
from kplug.errors import ArgumentValueError
from tests.layers.inputs import SETTINGS, draw_images, require_fit, sliding


@given(
    **sliding, filters=st.integers(1, 2), depth_multiplier=st.integers(1, 2), is_mixed=st.booleans()
)
@settings(SETTINGS, max_examples=60)
def test_depthwise_and_separable(
    compare: Any,
    rank: int,
    size: tuple[int, ...],
    channels: int,
    filters: int,
    kernel_size: tuple[int, ...],
    strides: tuple[int, ...],
    is_mixed: bool,
    **arguments: Any,
) -> None:
    rank = min(rank, 2)
    require_fit(size[:rank], kernel_size[:rank], strides[:rank], arguments)
    compare(
        f"SeparableConv{rank}D" if is_mixed else f"DepthwiseConv{rank}D",
        draw_images(rank, size, channels, arguments["data_format"]),
        kernel_size=kernel_size[:rank],
        strides=strides[:rank],
        **({"filters": filters} if is_mixed else {}),
        **arguments,
    )


def test_penalties_and_constraints_reach_each_kernel() -> None:
    layer = layers.SeparableConv2D(
        2,
        2,
        depthwise_regularizer="l1",
        pointwise_regularizer="l2",
        bias_regularizer="l2",
        pointwise_constraint="non_neg",
        activity_regularizer="l2",
    )
    layer(torch.ones(1, 4, 4, 3))
    shapes = [tuple(weight.shape) for _, weight in layer.weight_penalties()]
    assert shapes == [(2, 2, 3, 1), (1, 1, 3, 2), (2,)]
    assert [tuple(weight.shape) for _, weight in layer.weight_constraints()] == [(1, 1, 3, 2)]
    assert len(layer.activity_penalties) == 1


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: layers.DepthwiseConv2D(3, depth_multiplier=0),
            "DepthwiseConv2D: argument 'depth_multiplier' is 0; allowed: an integer >= 1",
        ),
    ],
)
def test_refused_arguments(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        make()
