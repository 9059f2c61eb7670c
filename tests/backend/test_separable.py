"""Depthwise and separable convolutions against Keras's operations, local ones against plain loops."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import backend as K
from kplug.errors import ArgumentValueError


def _draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(
    window=st.integers(1, 3),
    stride=st.integers(1, 3),
    multiplier=st.integers(1, 2),
    padding=st.sampled_from(["valid", "same"]),
)
@settings(max_examples=20, deadline=None)
def test_depthwise_and_separable_equal_keras(
    window: int, stride: int, multiplier: int, padding: str
) -> None:
    image, deep = _draw(0, 2, 7, 7, 3), _draw(1, window, window, 3, multiplier)
    across = _draw(2, 1, 1, 3 * multiplier, 4)
    torch.testing.assert_close(
        K.depthwise_conv2d(image, deep, stride, padding),
        keras.ops.depthwise_conv(image, deep, stride, padding),
    )
    torch.testing.assert_close(
        K.separable_conv2d(image, deep, across, stride, padding),
        keras.ops.separable_conv(image, deep, across, stride, padding),
    )
    torch.testing.assert_close(
        K.separable_conv1d(image[:, 0], deep[0], across[0], stride, padding),
        keras.ops.separable_conv(image[:, 0], deep[0], across[0], stride, padding),
    )


def test_channels_first_is_the_same_convolution() -> None:
    image, deep, across = _draw(0, 1, 6, 6, 2), _draw(1, 3, 3, 2, 2), _draw(2, 1, 1, 4, 3)
    expected = K.separable_conv2d(image, deep, across, 2, "same").movedim(-1, 1)
    made = K.separable_conv2d(image.movedim(-1, 1), deep, across, 2, "same", "channels_first")
    torch.testing.assert_close(made, expected)


@pytest.mark.parametrize("stride", [1, 2])
def test_local_convolution_of_sequences_has_a_kernel_for_each_place(stride: int) -> None:
    x = _draw(0, 2, 6, 3)
    places = (6 - 2) // stride + 1
    kernel = _draw(1, places, 2 * 3, 4)
    windows = [x[:, stride * place : stride * place + 2].reshape(2, -1) for place in range(places)]
    expected = torch.stack([w @ kernel[place] for place, w in enumerate(windows)], dim=1)
    torch.testing.assert_close(K.local_conv1d(x, kernel, (2,), (stride,)), expected)
    first = K.local_conv1d(x.movedim(-1, 1), kernel, (2,), (stride,), "channels_first")
    torch.testing.assert_close(first, expected.movedim(-1, 1))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_local_convolution_of_images_has_a_kernel_for_each_place(data_format: str) -> None:
    last = data_format == "channels_last"
    x = _draw(0, 2, 5, 6, 3) if last else _draw(0, 2, 3, 5, 6)
    kernel = _draw(1, 2 * 2, 2 * 3 * 3, 4)
    expected = np.zeros((2, 2, 2, 4) if last else (2, 4, 2, 2))
    for row in range(2):
        for column in range(2):
            down, right = slice(2 * row, 2 * row + 2), slice(3 * column, 3 * column + 3)
            window = x[:, down, right] if last else x[:, :, down, right]
            values = window.reshape(2, -1) @ kernel[2 * row + column]
            expected[(slice(None), row, column) if last else (..., row, column)] = values
    made = K.local_conv2d(x, kernel, (2, 3), (2, 3), (2, 2), data_format)
    torch.testing.assert_close(made, torch.tensor(expected))


def test_wrong_words_are_refused() -> None:
    with pytest.raises(
        ArgumentValueError, match="depthwise_conv2d: argument 'padding' is 'causal'"
    ):
        K.depthwise_conv2d(torch.zeros(1, 2, 2, 1), torch.zeros(1, 1, 1, 1), padding="causal")
