"""Pooling of windows, against Keras."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import assume, given, strategies as st

from kplug import layers
from kplug.backend.sliding_windows import same_paddings
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import MaxPooling2D
from tests.layers.inputs import (
    SETTINGS,
    data_formats,
    draw,
    draw_images,
    ranks,
    sizes,
    steps,
    windows,
    words,
)


def _make(layer_class: Any, argument: Any) -> Any:
    return layer_class(argument)


@given(
    rank=ranks,
    size=sizes,
    pool_size=windows,
    strides=st.one_of(st.none(), steps),
    padding=words(["valid", "same"]),
    data_format=data_formats,
    kind=words(["Max", "Average"]),
)
@SETTINGS
def test_pooling(
    compare: Any,
    rank: int,
    size: tuple[int, ...],
    pool_size: tuple[int, ...],
    strides: tuple[int, ...] | None,
    kind: str,
    padding: str,
    **arguments: Any,
) -> None:
    window = pool_size[:rank]
    moves = window if strides is None else strides[:rank]
    cells = same_paddings(size[:rank], window, moves, [1] * rank)
    # Keras 3.15 on torch gives wrong means where one side is padded more; there is a test of that below.
    assume(kind == "Max" or padding == "valid" or all(a == b for a, b in cells))
    compare(
        f"{kind}Pooling{rank}D",
        draw_images(rank, size, 2, arguments["data_format"]),
        pool_size=window,
        strides=None if strides is None else moves,
        padding=padding,
        **arguments,
    )


@given(
    size=st.tuples(st.integers(4, 7), st.integers(4, 7)),
    pool_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.one_of(st.none(), st.integers(1, 3)),
    padding=words(["valid", "same"]),
    data_format=data_formats,
)
@SETTINGS
def test_max_pooling2d(
    compare: Any, size: tuple[int, int], data_format: str, **arguments: Any
) -> None:
    shape = (*size, 2) if data_format == "channels_last" else (2, *size)
    compare("MaxPooling2D", draw(2, *shape), data_format=data_format, **arguments)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("size", "window", "stride"), [(4, 3, 2), (5, 2, 1), (5, 2, 3), (6, 3, 1)])
def test_mean_of_same_padding_is_over_real_cells(
    rank: int, size: int, window: int, stride: int
) -> None:
    x = draw(2, *[size] * rank, 3).double()
    layer = getattr(layers, f"AveragePooling{rank}D")(window, stride, "same", dtype="float64")
    count = -(-size // stride)
    before = max((count - 1) * stride + window - size, 0) // 2
    starts = [index * stride - before for index in range(count)]
    means = []
    for place in itertools.product(range(count), repeat=rank):
        cells = x
        for axis, index in enumerate(place, start=1):
            start, end = max(starts[index], 0), min(starts[index] + window, size)
            cells = cells.narrow(axis, start, end - start)
        means.append(cells.flatten(1, -2).mean(1))
    expected = torch.stack(means, 1).reshape(2, *[count] * rank, 3)
    torch.testing.assert_close(layer(x), expected)


def test_reference_mean_of_same_padding() -> None:
    x = torch.arange(1.0, 5.0).reshape(1, 4, 1)
    assert layers.AveragePooling1D(3, 2, "same")(x).flatten().tolist() == [2.0, 3.5]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: _make(MaxPooling2D, "2"),
            "MaxPooling2D: argument 'pool_size' is '2'; allowed: an integer >= 1, or 2 of them",
        ),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_pooling_refuses_an_image_without_a_batch(data_format: str) -> None:
    layer = MaxPooling2D(data_format=data_format, name="p")
    with pytest.raises(DataError, match=r"layer 'p' expects inputs of 4 axes"):
        layer(torch.zeros(4, 4, 1))
    layer(torch.zeros(1, 4, 4, 4))
    with pytest.raises(DataError, match=r"layer 'p' expects inputs of 4 axes, got shape \(4, 4, 1"):
        layer(torch.zeros(4, 4, 1))


def test_integers_become_numbers_of_the_layers_type() -> None:
    x = torch.arange(4).reshape(1, 4, 1)
    assert layers.AveragePooling1D()(x).flatten().tolist() == [0.5, 2.5]
    assert layers.GlobalAveragePooling1D()(x).item() == 1.5
    assert layers.UpSampling1D()(x).flatten().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
