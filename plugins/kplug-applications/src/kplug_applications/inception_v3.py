"""Inception v3: parallel convolutions of several kernel sizes."""

from __future__ import annotations

from functools import partial
from typing import Any

from kplug.layers import AveragePooling2D, Concatenate, Conv2D, MaxPooling2D
from kplug_applications import imagenet_utils
from kplug_applications.base.architecture import Architecture, name_files
from kplug_applications.base.blocks import activate, normalize
from kplug_applications.base.picture_shapes import channel_axis
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]


def _conv(x: Any, filters: int, kernel: Any, strides: int = 1, padding: str = "same") -> Any:
    x = Conv2D(filters, kernel, strides=strides, padding=padding, use_bias=False)(x)
    return activate(normalize(x, scale=False))


def _join(*branches: Any, name: str | None = None) -> Any:
    return Concatenate(axis=channel_axis(), name=name)(list(branches))


def _pool(x: Any, filters: int) -> Any:
    return _conv(AveragePooling2D(3, strides=1, padding="same")(x), filters, 1)


def _chain(x: Any, *convolutions: tuple[int, Any]) -> Any:
    for filters, kernel in convolutions:
        x = _conv(x, filters, kernel)
    return x


def _small(x: Any, pooled: int, name: str) -> Any:
    """Join kernels of 1, 5, and twice 3."""
    single = _conv(x, 64, 1)
    five = _chain(x, (48, 1), (64, 5))
    double = _chain(x, (64, 1), (96, 3), (96, 3))
    return _join(single, five, double, _pool(x, pooled), name=name)


def _long(x: Any, width: int, name: str) -> Any:
    """Join kernels of 1, and of 7 along one axis, once and twice."""
    row, column = (1, 7), (7, 1)
    single = _conv(x, 192, 1)
    once = _chain(x, (width, 1), (width, row), (192, column))
    twice = _chain(x, (width, 1), (width, column), (width, row), (width, column), (192, row))
    return _join(single, once, twice, _pool(x, 192), name=name)


def _wide(x: Any, number: int) -> Any:
    """Join kernels of 1, and of 3 along both axes side by side."""
    single = _conv(x, 320, 1)
    three = _conv(x, 384, 1)
    three = _join(_conv(three, 384, (1, 3)), _conv(three, 384, (3, 1)), name=f"mixed9_{number}")
    double = _chain(x, (448, 1), (384, 3))
    double = _join(_conv(double, 384, (1, 3)), _conv(double, 384, (3, 1)))
    return _join(single, three, double, _pool(x, 192), name=f"mixed{9 + number}")


def _body(x: Any) -> Any:
    x = _conv(x, 32, 3, 2, "valid")
    x = _conv(x, 32, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(_conv(x, 64, 3))
    x = _conv(x, 80, 1, padding="valid")
    x = MaxPooling2D(3, strides=2)(_conv(x, 192, 3, padding="valid"))
    for number, pooled in enumerate((32, 64, 64)):
        x = _small(x, pooled, f"mixed{number}")
    three = _conv(x, 384, 3, 2, "valid")
    double = _conv(_chain(x, (64, 1), (96, 3)), 96, 3, 2, "valid")
    x = _join(three, double, MaxPooling2D(3, strides=2)(x), name="mixed3")
    for number, width in enumerate((128, 160, 160, 192), 4):
        x = _long(x, width, f"mixed{number}")
    three = _conv(_conv(x, 192, 1), 320, 3, 2, "valid")
    seven = _conv(_chain(x, (192, 1), (192, (1, 7)), (192, (7, 1))), 192, 3, 2, "valid")
    x = _join(three, seven, MaxPooling2D(3, strides=2)(x), name="mixed8")
    return _wide(_wide(x, 0), 1)


InceptionV3 = Architecture(
    "inception_v3",
    _body,
    name_files(
        "inception_v3",
        "inception_v3",
        ("9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"),
    ),
    size=299,
    smallest=75,
    source='Szegedy et al., "Rethinking the Inception architecture" (2016).',
)

preprocess_input = partial(imagenet_utils.preprocess_input, mode="tf")
