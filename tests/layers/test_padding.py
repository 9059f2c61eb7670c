"""Padding and cropping, against Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, strategies as st

from kplug import layers
from kplug.errors import ArgumentValueError, DataError
from tests.layers.inputs import SETTINGS, data_formats, draw, draw_images, pairs, ranks, sizes


@given(rank=ranks, size=sizes, padding=st.tuples(pairs, pairs, pairs), data_format=data_formats)
@SETTINGS
def test_zero_padding(
    compare: Any,
    rank: int,
    size: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    data_format: str,
) -> None:
    given = padding[0] if rank == 1 else padding[:rank]
    x = draw_images(rank, size, 2, data_format)
    compare(f"ZeroPadding{rank}D", x, padding=given, data_format=data_format)


@given(rank=ranks, cropping=st.tuples(pairs, pairs, pairs), data_format=data_formats)
@SETTINGS
def test_cropping(
    compare: Any, rank: int, cropping: tuple[tuple[int, int], ...], data_format: str
) -> None:
    layout = {} if rank == 1 else {"data_format": data_format}
    given = cropping[0] if rank == 1 else cropping[:rank]
    x = draw_images(rank, (5, 6, 7), 2, layout.get("data_format", "channels_last"))
    compare(f"Cropping{rank}D", x, cropping=given, **layout)


@pytest.mark.parametrize("amount", [1, (1, 2)])
@pytest.mark.parametrize("name", ["ZeroPadding2D", "Cropping2D"])
def test_short_forms_of_edges(compare: Any, name: str, amount: object) -> None:
    argument = "padding" if name.startswith("Zero") else "cropping"
    compare(name, draw(2, 5, 6, 2), **{argument: amount})


def test_cropping_that_leaves_nothing_says_so() -> None:
    fits = "cuts 4 cells off axis 2 of its inputs, of which shape .* has 4: nothing is left"
    with pytest.raises(DataError, match=fits):
        layers.Cropping2D(((0, 0), (1, 3)))(torch.zeros(1, 5, 4, 1))
    with pytest.raises(DataError, match=fits):
        layers.Cropping2D(((0, 0), (1, 3))).compute_output_shape((None, 5, 4, 1))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: layers.ZeroPadding1D(-1),
            r"argument 'padding' is -1; allowed: an integer >= 0, a pair \(before, after\)",
        ),
        (
            lambda: layers.Cropping2D((1, 2, 3)),
            r"'cropping' is \(1, 2, 3\); allowed: an integer >= 0, 2 of them, or 2 pairs",
        ),
    ],
)
def test_refused_arguments(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        make()
