"""NASNet: cells found by architecture search."""

from __future__ import annotations

from functools import partial
from typing import Any

from kplug.layers import (
    Add,
    AveragePooling2D,
    Concatenate,
    Conv2D,
    Cropping2D,
    MaxPooling2D,
    SeparableConv2D,
    ZeroPadding2D,
)
from kplug_applications import imagenet_utils
from kplug_applications.base.architecture import Architecture, WeightFile
from kplug_applications.base.blocks import activate, find_padding, normalize
from kplug_applications.base.picture_shapes import channel_axis, spatial_sizes
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]


def _make(
    name: str, filters: int, blocks: int, stem: int, size: int, skips: bool, hashes: tuple[str, str]
) -> Architecture:
    """Return an architecture.

    Args:
        name: Its name.
        filters: Filters of the first group of cells; each further group has twice as many.
        blocks: The number of cells in a group.
        stem: Filters of the first convolution.
        size: The usual height and width.
        skips: Whether the cell after a reduction is linked to the cell before it.
        hashes: The hashes of the weight files, with the top and without it.
    """

    def body(x: Any) -> Any:
        x = Conv2D(
            stem,
            3,
            strides=2,
            use_bias=False,
            kernel_initializer="kplug/he_normal",
            name="stem_conv1",
        )(x)
        x, before = _normalize(x, "stem_bn1"), None
        x, before = _reduce(x, before, filters // 4, "stem_1")
        x, before = _reduce(x, before, filters // 2, "stem_2")
        for group in range(3):
            width = filters * 2**group
            if group:
                x, last = _reduce(x, before, width, f"reduce_{group * blocks}")
                before = before if skips else last
            for number in range(blocks):
                cell = group * blocks + number + (1 if group else 0)
                x, before = _keep(x, before, width, str(cell))
        return activate(x)

    short = name.removeprefix("nasnet_")
    files = (
        WeightFile(f"{name}.h5", f"nasnet/NASNet-{short}.h5", hashes[0]),
        WeightFile(f"{name}_no_top.h5", f"nasnet/NASNet-{short}-no-top.h5", hashes[1]),
    )
    source = 'Zoph et al., "Learning transferable architectures" (2018).'
    return Architecture(name, body, files, size=size, source=source)


def _normalize(x: Any, name: str) -> Any:
    return normalize(x, name, momentum=0.9997, epsilon=1e-3)


def _point(x: Any, filters: int, name: str) -> Any:
    return Conv2D(
        filters, 1, padding="same", use_bias=False, kernel_initializer="kplug/he_normal", name=name
    )(x)


def _separable(x: Any, filters: int, kernel: int, name: str, stride: int = 1) -> Any:
    x = activate(x)
    if stride == 2:
        x = ZeroPadding2D(find_padding(x, kernel), name=f"separable_conv_1_pad_{name}")(x)
    for number, (each, padding) in enumerate(
        ((stride, "valid" if stride == 2 else "same"), (1, "same")), 1
    ):
        x = x if number == 1 else activate(x)
        layer = f"separable_conv_{number}"
        x = SeparableConv2D(
            filters, kernel, strides=each, padding=padding, use_bias=False, name=f"{layer}_{name}"
        )(x)
        x = _normalize(x, f"{layer}_bn_{name}")
    return x


def _fit(before: Any, x: Any, filters: int, name: str) -> Any:
    """Return the output of the cell before last, fitted to the size of the last one and the filters."""
    if before is None:
        return x
    if spatial_sizes(before.shape)[-1] != spatial_sizes(x.shape)[-1]:
        return _halve(before, filters, name)
    if before.shape[channel_axis()] == filters:
        return before
    before = _point(activate(before), filters, f"adjust_conv_projection_{name}")
    return _normalize(before, f"adjust_bn_{name}")


def _halve(before: Any, filters: int, name: str) -> Any:
    before = activate(before, f"adjust_relu_1_{name}")
    first = AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_1_{name}")(before)
    first = _point(first, filters // 2, f"adjust_conv_1_{name}")
    shifted = Cropping2D(((1, 0), (1, 0)))(ZeroPadding2D(((0, 1), (0, 1)))(before))
    second = AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_2_{name}")(shifted)
    second = _point(second, filters // 2, f"adjust_conv_2_{name}")
    joined = Concatenate(axis=channel_axis())([first, second])
    return _normalize(joined, f"adjust_bn_{name}")


def _keep(x: Any, before: Any, filters: int, name: str) -> tuple[Any, Any]:
    """Return the output of a normal cell, and its input."""
    past = _fit(before, x, filters, name)
    now = _normalize(_point(activate(x), filters, f"normal_conv_1_{name}"), f"normal_bn_1_{name}")
    made = [past]
    pairs = (((now, 5), (past, 3)), ((past, 5), (past, 3)))
    for number, ((left, wide), (right, narrow)) in enumerate(pairs, 1):
        both = [
            _separable(left, filters, wide, f"normal_left{number}_{name}"),
            _separable(right, filters, narrow, f"normal_right{number}_{name}"),
        ]
        made.append(Add(name=f"normal_add_{number}_{name}")(both))
    pooled = _average(now, f"normal_left3_{name}")
    made.append(Add(name=f"normal_add_3_{name}")([pooled, past]))
    both = [_average(past, f"normal_{side}4_{name}") for side in ("left", "right")]
    made.append(Add(name=f"normal_add_4_{name}")(both))
    last = _separable(now, filters, 3, f"normal_left5_{name}")
    made.append(Add(name=f"normal_add_5_{name}")([last, now]))
    return Concatenate(axis=channel_axis(), name=f"normal_concat_{name}")(made), x


def _average(x: Any, name: str) -> Any:
    return AveragePooling2D(3, strides=1, padding="same", name=name)(x)


def _reduce(x: Any, before: Any, filters: int, name: str) -> tuple[Any, Any]:
    """Return the output of a reduction cell, which halves height and width, and its input."""
    past = _fit(before, x, filters, name)
    now = _normalize(
        _point(activate(x), filters, f"reduction_conv_1_{name}"), f"reduction_bn_1_{name}"
    )
    padded = ZeroPadding2D(find_padding(now, 3), name=f"reduction_pad_1_{name}")(now)

    def shrink(tensor: Any, kernel: int, place: str) -> Any:
        return _separable(tensor, filters, kernel, f"reduction_{place}_{name}", stride=2)

    def pool(layer: Any, place: str) -> Any:
        return layer(3, strides=2, name=f"reduction_{place}_{name}")(padded)

    both = [shrink(now, 5, "left1"), shrink(past, 7, "right1")]
    one = Add(name=f"reduction_add_1_{name}")(both)
    both = [pool(MaxPooling2D, "left2"), shrink(past, 7, "right2")]
    two = Add(name=f"reduction_add_2_{name}")(both)
    both = [pool(AveragePooling2D, "left3"), shrink(past, 5, "right3")]
    three = Add(name=f"reduction_add3_{name}")(both)
    four = Add()([two, _average(one, f"reduction_left4_{name}")])
    both = [_separable(one, filters, 3, f"reduction_left4_{name}"), pool(MaxPooling2D, "right5")]
    five = Add(name=f"reduction_add4_{name}")(both)
    joined = Concatenate(axis=channel_axis(), name=f"reduction_concat_{name}")
    return joined([two, three, four, five]), x


NASNetMobile = _make(
    "nasnet_mobile",
    *(44, 4, 32, 224, False),
    ("020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63"),
)
NASNetLarge = _make(
    "nasnet_large",
    *(168, 6, 96, 331, True),
    ("11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5"),
)

preprocess_input = partial(imagenet_utils.preprocess_input, mode="tf")
