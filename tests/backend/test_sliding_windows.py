"""Windows of any rank: padding by its formula, pools against Keras and NumPy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.backend.sliding_windows import (
    average_pool,
    convolve,
    convolve_transposed,
    max_pool,
    same_padding,
)


def _draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_reference_values_of_same_padding() -> None:
    x = torch.arange(1.0, 7.0).reshape(1, 1, 6)
    kernel = torch.tensor([100.0, 10.0, 1.0]).reshape(1, 1, 3)
    made = convolve(x, kernel, None, (2,), "same", (1,))
    assert made.flatten().tolist() == [123.0, 345.0, 560.0]


@pytest.mark.parametrize("strides", [(1, 2), (2, 1), (2, 2), (3, 2)])
@pytest.mark.parametrize("is_transposed", [False, True])
def test_the_gradient_of_one_cell_with_strides_is_that_of_the_cells_they_stop_at(
    strides: tuple[int, int], is_transposed: bool
) -> None:
    """oneDNN's is wrong on processors with AVX2 and without AVX-512, for some of these sizes."""
    rows = (slice(None), slice(None), slice(None, None, strides[0]), slice(None, None, strides[1]))
    for seed, (height, width) in enumerate([(3, 4), (4, 4), (4, 6), (5, 8), (6, 4), (4, 5)] * 8):
        channels, filters = 1 + seed % 3, 1 + seed % 2
        x = _draw(seed, 2, height, width, channels).permute(0, 3, 1, 2)
        kernel = _draw(seed + 99, 1, 1, channels, filters).permute(3, 2, 0, 1).requires_grad_()
        if is_transposed:
            options = (strides, "same", None, (1, 1))
            made = convolve_transposed(x, kernel.transpose(0, 1), None, *options)
        else:
            made = convolve(x, kernel, None, strides, "same", (1, 1))
        slope = _draw(7, *made.shape)
        (found,) = torch.autograd.grad((made * slope).sum(), kernel)
        read, written = (x, slope[rows]) if is_transposed else (x[rows], slope)
        expected = torch.einsum("nchw,nfhw->fc", read, written)
        torch.testing.assert_close(found[..., 0, 0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("height", [3, 5])
@pytest.mark.parametrize("channels_last", [(False, True), (True, False), (True, True)])
def test_every_row_of_outputs_one_wide_is_written(
    padding: str, height: int, channels_last: tuple[bool, bool]
) -> None:
    """oneDNN leaves rows unwritten where one channel lies last in memory and outputs are 1 wide."""
    x, kernel = _draw(0, 8, 1, height, 4 if padding == "valid" else 3), _draw(1, 8, 1, 3, 3)
    strides = (1, 2 if padding == "valid" else 3)
    expected = convolve(x.double(), kernel.double(), None, strides, padding, (1, 1))
    assert expected.shape[-1] == 1
    pair = [
        one.as_strided(one.shape, (one[0].numel(), 1, one.shape[-1], 1)) if is_last else one
        for one, is_last in zip((x, kernel), channels_last, strict=True)
    ]
    for _ in range(3):
        # Freed memory is taken again: what stays unwritten is then this, and not a lucky value.
        _ = [torch.full((size,), 1e20) for size in (16, 64, 128, 256, 512)]
        made = convolve(pair[0], pair[1], None, strides, padding, (1, 1))
        torch.testing.assert_close(made.double(), expected, rtol=1e-4, atol=1e-4)


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
def test_same_padding_gives_one_output_a_stride(
    size: int, window: int, stride: int, dilation: int
) -> None:
    before, after = same_padding(size, window, stride, dilation)
    reach = (window - 1) * dilation + 1
    padded = size + before + after
    assert after - before in (0, 1)
    assert padded < reach or (padded - reach) // stride + 1 == -(-size // stride)


@given(
    rank=st.integers(1, 3),
    size=st.integers(4, 7),
    window=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same"]),
)
@settings(max_examples=40, deadline=None)
def test_max_pool_equals_keras(
    rank: int, size: int, window: int, stride: int, padding: str
) -> None:
    x = _draw(0, 2, 3, *[size] * rank)
    expected = keras.ops.max_pool(x, window, stride, padding, "channels_first")
    made = max_pool(x, (window,) * rank, (stride,) * rank, padding)
    torch.testing.assert_close(made, expected)


def test_max_pool_of_whole_numbers() -> None:
    x = torch.tensor([[[[-3, -2, -5]]]])
    assert max_pool(x, (1, 2), (1, 2), "same").tolist() == [[[[-2, -5]]]]


def _average(x: Any, window: int, stride: int) -> list[float]:
    before, _ = same_padding(len(x), window, stride)
    starts = range(-before, len(x) + window, stride)
    cells = [x[max(start, 0) : max(start + window, 0)] for start in starts]
    return [float(np.mean(one)) for one in cells[: -(-len(x) // stride)]]


@given(
    values=st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=9),
    window=st.integers(1, 3),
    stride=st.integers(1, 3),
)
@settings(max_examples=40, deadline=None)
def test_average_pool_divides_by_the_real_cells(
    values: list[float], window: int, stride: int
) -> None:
    made = average_pool(torch.tensor([[values]]), (window,), (stride,), "same")
    expected = _average(values, window, stride)
    np.testing.assert_allclose(made.flatten().numpy(), expected, rtol=1e-5, atol=1e-5)


def test_average_pool_has_the_intended_value_where_keras_has_not() -> None:
    x = torch.tensor([[[1.0, 2.0, 3.0, 2.0]]])
    assert average_pool(x, (3,), (2,), "same").flatten().tolist() == pytest.approx([2.0, 2.5])
