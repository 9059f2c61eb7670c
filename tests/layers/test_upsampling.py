"""Upsampling, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, strategies as st

from kplug.errors import ArgumentValueError
from kplug.layers import UpSampling2D
from tests.layers.inputs import SETTINGS, data_formats, draw, draw_images, words


@given(size=st.tuples(*[st.integers(1, 3)] * 3), data_format=data_formats)
@SETTINGS
def test_up_sampling(compare: Any, size: tuple[int, int, int], data_format: str) -> None:
    x = draw_images(3, (2, 3, 4), 2, data_format)
    compare("UpSampling3D", x, size=size, data_format=data_format)
    compare("UpSampling1D", draw(2, 4, 3), size=size[0])


@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    data_format=data_formats,
    interpolation=words(["nearest", "bilinear"]),
)
@SETTINGS
def test_up_sampling2d(
    compare: Any, size: tuple[int, int], data_format: str, interpolation: str
) -> None:
    shape = (3, 4, 2) if data_format == "channels_last" else (2, 3, 4)
    compare(
        "UpSampling2D",
        draw(2, *shape),
        size=size,
        data_format=data_format,
        interpolation=interpolation,
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: UpSampling2D(2, interpolation="area"),
            "UpSampling2D: argument 'interpolation' is 'area'; "
            "allowed: 'nearest', 'bilinear' or 'legacy_bilinear'",
        ),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize("kind", ["int64", "int32", "uint8"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_integers_stay_integers_as_in_keras(
    kind: str, interpolation: str, data_format: str
) -> None:
    images = (np.arange(24).reshape(1, 3, 4, 2) * 7).astype(kind)
    arguments: Any = {"size": (2, 3), "interpolation": interpolation, "data_format": data_format}
    made = UpSampling2D(**arguments)(images)
    theirs = keras.layers.UpSampling2D(**arguments)(images)
    assert made.dtype is theirs.dtype
    # Halves may be rounded up or down, as the kernel computes.
    assert int((made.long() - theirs.long()).abs().max()) <= (interpolation == "bilinear")
