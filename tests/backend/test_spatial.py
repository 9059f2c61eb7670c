"""K's convolutions, pools and paddings against Keras's operations."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import backend as K
from kplug.errors import ArgumentValueError

CONVOLUTIONS = {1: K.conv1d, 2: K.conv2d, 3: K.conv3d}


def _draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(
    rank=st.integers(1, 3),
    size=st.integers(5, 8),
    window=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same"]),
)
@settings(max_examples=40, deadline=None)
def test_convolution_equals_keras(
    rank: int, size: int, window: int, stride: int, padding: str
) -> None:
    x = _draw(0, 2, *[size] * rank, 2)
    kernel = _draw(1, *[window] * rank, 2, 3)
    expected = keras.ops.conv(x, kernel, strides=stride, padding=padding)
    made = CONVOLUTIONS[rank](x, kernel, stride, padding)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)


@given(size=st.integers(7, 9), window=st.integers(1, 3), dilation=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_dilated_convolution_equals_keras(size: int, window: int, dilation: int) -> None:
    x, kernel = _draw(0, 1, size, size, 2), _draw(1, window, window, 2, 3)
    expected = keras.ops.conv(x, kernel, padding="same", dilation_rate=dilation)
    made = K.conv2d(x, kernel, 1, "same", None, dilation)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)


def test_channels_first_is_the_same_convolution() -> None:
    x, kernel = _draw(0, 1, 6, 6, 2), _draw(1, 3, 3, 2, 4)
    expected = K.conv2d(x, kernel, 2, "same").permute(0, 3, 1, 2)
    made = K.conv2d(x.permute(0, 3, 1, 2), kernel, 2, "same", "channels_first")
    torch.testing.assert_close(made, expected)


def test_causal_convolution_sees_nothing_of_the_future() -> None:
    x, kernel = _draw(0, 1, 6, 2), _draw(1, 3, 2, 4)
    made = K.conv1d(x, kernel, 1, "causal", None, 2)
    changed = x.clone()
    changed[:, 4:] = 0.0
    assert torch.equal(made[:, :4], K.conv1d(changed, kernel, 1, "causal", None, 2)[:, :4])
    assert made.shape == (1, 6, 4)


@pytest.mark.parametrize("pool_mode", ["max", "avg"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_pool2d_takes_both_layouts(pool_mode: str, data_format: str) -> None:
    x = _draw(0, 1, 4, 6, 2)
    x = x if data_format == "channels_last" else x.permute(0, 3, 1, 2)
    operation = keras.ops.max_pool if pool_mode == "max" else keras.ops.average_pool
    for strides in (1, 2):
        expected = operation(x, 2, strides, "valid", data_format)
        made = K.pool2d(x, (2, 2), strides, data_format=data_format, pool_mode=pool_mode)
        torch.testing.assert_close(made, expected)


def test_pool3d_equals_keras() -> None:
    x = _draw(0, 1, 4, 4, 4, 2)
    torch.testing.assert_close(K.pool3d(x, (2, 2, 2), None), keras.ops.max_pool(x, 2, 2))


def test_windows_of_a_pool_are_one_cell_apart() -> None:
    x = _draw(0, 1, 4, 4, 1)
    assert torch.equal(K.pool2d(x, 2), K.pool2d(x, (2, 2), (1, 1)))
    assert K.pool3d(_draw(0, 1, 4, 4, 4, 1), 2).shape == (1, 3, 3, 3, 1)


def test_zeros_around_sequences_and_images() -> None:
    assert K.temporal_padding(torch.ones(1, 1, 1), (1, 2)).flatten().tolist() == [0, 1, 0, 0]
    padded = K.spatial_2d_padding(torch.ones(1, 1, 1, 1), ((0, 1), (2, 0)))
    assert padded[0, :, :, 0].tolist() == [[0, 0, 1], [0, 0, 0]]


def test_volumes_get_zeros_around_and_repeated_cells() -> None:
    x = _draw(0, 1, 2, 3, 2, 1)
    padding = ((1, 0), (0, 2), (1, 1))
    expected = np.pad(x.numpy(), ((0, 0), *padding, (0, 0)))
    np.testing.assert_array_equal(K.spatial_3d_padding(x, padding).numpy(), expected)
    first = K.spatial_3d_padding(x.movedim(-1, 1), padding, "channels_first")
    np.testing.assert_array_equal(first.movedim(1, -1).numpy(), expected)
    larger = x.numpy().repeat(2, axis=1).repeat(3, axis=2)
    np.testing.assert_array_equal(K.resize_volumes(x, 2, 3, 1).numpy(), larger)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_resized_images_equal_keras(interpolation: str) -> None:
    x = _draw(0, 1, 3, 4, 2)
    expected = keras.ops.image.resize(x, (6, 12), interpolation=interpolation)
    torch.testing.assert_close(K.resize_images(x, 2, 3, interpolation=interpolation), expected)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: K.conv2d(x, x, padding="causal"), "conv2d: argument 'padding' is 'causal'"),
        (lambda x: K.pool2d(x, (2, 2), padding="full"), "pool2d: argument 'padding' is 'full'"),
        (lambda x: K.pool2d(x, (2, 2), pool_mode="min"), "allowed: 'max' or 'avg'"),
        (lambda x: K.resize_images(x, 2, 2, interpolation="area"), "'nearest' or 'bilinear'"),
    ],
)
def test_wrong_words_are_refused(call: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        call(torch.zeros(1, 2, 2, 1))
