"""Convolutions, against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st

from kplug import layers
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Conv2D
from tests.layers.inputs import (
    SETTINGS,
    activations,
    data_formats,
    draw,
    draw_images,
    require_fit,
    sliding,
    words,
)


@given(
    **{**sliding, "padding": words(["valid", "same", "causal"])},
    filters=st.integers(1, 2),
    groups=st.integers(1, 2),
)
@settings(SETTINGS, max_examples=90)
def test_convolution(
    compare: Any,
    rank: int,
    size: tuple[int, ...],
    channels: int,
    filters: int,
    groups: int,
    kernel_size: tuple[int, ...],
    strides: tuple[int, ...],
    **arguments: Any,
) -> None:
    assume(rank == 1 or arguments["padding"] != "causal")
    require_fit(size[:rank], kernel_size[:rank], strides[:rank], arguments)
    compare(
        f"Conv{rank}D",
        draw_images(rank, size, channels * groups, arguments["data_format"]),
        filters=filters * groups,
        groups=groups,
        kernel_size=kernel_size[:rank],
        strides=strides[:rank],
        **arguments,
    )


@given(
    size=st.tuples(st.integers(4, 7), st.integers(4, 7)),
    channels=st.integers(1, 2),
    filters=st.integers(1, 2),
    kernel_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation_rate=st.integers(1, 2),
    padding=words(["valid", "same"]),
    groups=st.integers(1, 2),
    data_format=data_formats,
    use_bias=st.booleans(),
    activation=activations,
)
@settings(max_examples=60, deadline=None)
def test_conv2d(
    compare: Any,
    size: tuple[int, int],
    channels: int,
    filters: int,
    kernel_size: tuple[int, int],
    dilation_rate: int,
    padding: str,
    groups: int,
    data_format: str,
    **arguments: Any,
) -> None:
    assume(dilation_rate == 1 or arguments["strides"] == (1, 1))
    reach = [(window - 1) * dilation_rate + 1 for window in kernel_size]
    assume(padding == "same" or all(a <= b for a, b in zip(reach, size, strict=True)))
    is_last = data_format == "channels_last"
    assume(arguments["activation"] != "softmax" or (is_last and filters * groups > 1))
    channels *= groups
    shape = (*size, channels) if is_last else (channels, *size)
    compare(
        "Conv2D",
        draw(2, *shape),
        filters=filters * groups,
        kernel_size=kernel_size,
        dilation_rate=dilation_rate,
        padding=padding,
        groups=groups,
        data_format=data_format,
        **arguments,
    )


def test_reference_windows_of_same_padding_at_stride_two() -> None:
    layer = layers.Conv2D(1, (1, 3), strides=(1, 2), padding="same", use_bias=False)
    layer.build_for((None, 1, 6, 1))
    layer.set_weights([np.array([1.0, 10.0, 100.0]).reshape(1, 3, 1, 1)])
    outputs = layer(torch.arange(1.0, 7.0).reshape(1, 1, 6, 1))
    assert outputs.flatten().tolist() == [321.0, 543.0, 65.0]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: Conv2D(4, (3, 0)),
            "Conv2D: argument 'kernel_size' is (3, 0); allowed: an integer >= 1, or 2 of them",
        ),
        (
            lambda: Conv2D(4, (3, 3, 3)),
            "Conv2D: argument 'kernel_size' is (3, 3, 3); allowed: an integer >= 1, or 2 of them",
        ),
        (
            lambda: Conv2D(4, 3, padding="sam"),
            "Conv2D: argument 'padding' is 'sam'; allowed: 'valid' or 'same'",
        ),
        (
            lambda: Conv2D(4, 3, strides=2, dilation_rate=2),
            "Conv2D: argument 'dilation_rate' is (2, 2); allowed: 1 where strides are above 1",
        ),
        (
            lambda: Conv2D(4, 3, groups=3),
            "Conv2D: argument 'groups' is 3; allowed: a divisor of filters=4",
        ),
        (
            lambda: Conv2D(4, 3, data_format="NHWC"),
            "Conv2D: argument 'data_format' is 'NHWC'; "
            "allowed: one of 'channels_last', 'channels_first'",
        ),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.Conv1D(0, 3), "Conv1D: argument 'filters' is 0; allowed: an integer >= 1"),
        (
            lambda: layers.Conv3D(1, (1, 2)),
            r"Conv3D: argument 'kernel_size' is \(1, 2\); allowed: an integer >= 1, or 3 of them",
        ),
        (
            lambda: layers.Conv3D(1, 3, padding="causal"),
            "Conv3D: argument 'padding' is 'causal'; allowed: 'valid' or 'same'",
        ),
        (
            lambda: layers.Conv1D(1, 3, strides=2, dilation_rate=2),
            r"Conv1D: argument 'dilation_rate' is \(2,\); allowed: 1 where strides are above 1",
        ),
    ],
)
def test_refused_arguments(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        make()


def test_words_may_be_in_capitals() -> None:
    assert Conv2D(4, 3, padding="SAME").padding == "same"


def test_groups_must_divide_the_channels() -> None:
    with pytest.raises(DataError) as caught:
        Conv2D(4, 1, groups=2, name="c")(torch.zeros(1, 2, 2, 3))
    assert str(caught.value) == (
        "layer 'c' splits channels into 2 groups, its inputs of shape (None, 2, 2, 3) have 3"
    )


def test_convolution_makes_no_copies_of_channels_last_images() -> None:
    layer = Conv2D(4, 3, padding="same")
    outputs = layer(torch.zeros(2, 8, 8, 3))
    assert outputs.is_contiguous()
