"""Transposed convolutions against the gradient of the convolution, and against Keras's operation."""

from __future__ import annotations

import keras
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import backend as K
from kplug.errors import ArgumentValueError, DataError


def _draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(
    rank=st.integers(2, 3),
    size=st.integers(5, 9),
    window=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    padding=st.sampled_from(["valid", "same"]),
    data_format=st.sampled_from(["channels_last", "channels_first"]),
)
@settings(max_examples=30, deadline=None)
def test_is_the_gradient_of_the_convolution(
    rank: int,
    size: int,
    window: int,
    stride: int,
    dilation: int,
    padding: str,
    data_format: str,
) -> None:
    dilation = dilation if rank == 2 and (window - 1) * dilation < size else 1
    sizes = range(size, size + rank)
    shape = (2, 3, *sizes) if data_format == "channels_first" else (2, *sizes, 3)
    image = _draw(0, *shape).requires_grad_()
    kernel = _draw(1, *[window] * rank, 3, 4)
    convolve = K.conv2d if rank == 2 else K.conv3d
    made = convolve(image, kernel, stride, padding, data_format, dilation)
    x = _draw(2, *made.shape)
    (expected,) = torch.autograd.grad(made, image, x)
    if rank == 2:
        back = K.conv2d_transpose(x, kernel, shape, stride, padding, data_format, dilation)
    else:
        back = K.conv3d_transpose(x, kernel, shape, stride, padding, data_format)
    torch.testing.assert_close(back, expected)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_equals_keras(stride: int, padding: str) -> None:
    x, kernel = _draw(0, 2, 4, 5, 3), _draw(1, 3, 3, 2, 3)
    expected = keras.ops.conv_transpose(x, kernel, stride, padding)
    made = K.conv2d_transpose(x, kernel, (None, *expected.shape[1:]), (stride, stride), padding)
    torch.testing.assert_close(made, expected)


def test_shape_that_does_not_fit_is_refused() -> None:
    x, kernel = torch.zeros(1, 2, 2, 1), torch.zeros(3, 3, 1, 1)
    with pytest.raises(DataError) as caught:
        K.conv2d_transpose(x, kernel, (1, 4, 9, 1), (2, 2), "same")
    assert str(caught.value) == (
        "conv2d_transpose: the shape (1, 4, 9, 1) does not fit: a convolution makes 5 of 9 along axis 1, "
        "and x has 2\n  With padding 'same' the size is input size times stride; with 'valid', that plus "
        "what the window is longer than the stride."
    )
    with pytest.raises(DataError, match="output_shape has 2 sizes; 4 are needed"):
        K.conv2d_transpose(x, kernel, (4, 4))
    with pytest.raises(ArgumentValueError, match="conv2d_transpose: argument 'padding' is 'full'"):
        K.conv2d_transpose(x, kernel, (1, 4, 4, 1), padding="full")
