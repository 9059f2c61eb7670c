"""Xception: depthwise separable convolutions with residual connections."""

from __future__ import annotations

from functools import partial
from typing import Any

from kplug.layers import Add, Conv2D, MaxPooling2D, SeparableConv2D
from kplug_applications import imagenet_utils
from kplug_applications.base.architecture import Architecture, name_files
from kplug_applications.base.blocks import activate, normalize
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["Xception", "decode_predictions", "preprocess_input"]


def _separable(x: Any, filters: int, name: str) -> Any:
    x = SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return normalize(x, f"{name}_bn")


def _shrink(x: Any, widths: tuple[int, int], block: int, starts_active: bool = True) -> Any:
    residual = Conv2D(widths[1], 1, strides=2, padding="same", use_bias=False)(x)
    residual = normalize(residual)
    if starts_active:
        x = activate(x, f"block{block}_sepconv1_act")
    x = _separable(x, widths[0], f"block{block}_sepconv1")
    x = activate(x, f"block{block}_sepconv2_act")
    x = _separable(x, widths[1], f"block{block}_sepconv2")
    x = MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return Add()([x, residual])


def _middle(x: Any, block: int) -> Any:
    residual = x
    for number in range(1, 4):
        x = activate(x, f"block{block}_sepconv{number}_act")
        x = _separable(x, 728, f"block{block}_sepconv{number}")
    return Add()([x, residual])


def _body(x: Any) -> Any:
    for number, (filters, stride) in enumerate(((32, 2), (64, 1)), 1):
        name = f"block1_conv{number}"
        x = Conv2D(filters, 3, strides=stride, use_bias=False, name=name)(x)
        x = activate(normalize(x, f"{name}_bn"), f"{name}_act")
    x = _shrink(x, (128, 128), 2, starts_active=False)
    x = _shrink(_shrink(x, (256, 256), 3), (728, 728), 4)
    for block in range(5, 13):
        x = _middle(x, block)
    x = _shrink(x, (728, 1024), 13)
    for number, filters in enumerate((1536, 2048), 1):
        x = _separable(x, filters, f"block14_sepconv{number}")
        x = activate(x, f"block14_sepconv{number}_act")
    return x


Xception = Architecture(
    "xception",
    _body,
    name_files(
        "xception",
        "xception",
        ("0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"),
    ),
    size=299,
    smallest=71,
    source='Chollet, "Xception: deep learning with depthwise separable convolutions" (2017).',
)

preprocess_input = partial(imagenet_utils.preprocess_input, mode="tf")
