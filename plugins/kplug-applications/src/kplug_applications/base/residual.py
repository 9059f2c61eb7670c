"""ResNet, versions 1 and 2: residual blocks; in version 2 activations come first."""

from __future__ import annotations

from typing import Any

from kplug.layers import Add, Conv2D, MaxPooling2D, ZeroPadding2D
from kplug_applications.base.architecture import Architecture, name_files
from kplug_applications.base.blocks import activate, normalize

_EPSILON = 1.001e-5
_FILTERS = (64, 128, 256, 512)


def make_residual(name: str, depths: tuple[int, ...], hashes: tuple[str, str]) -> Architecture:
    """Return a ResNet of the first version.

    Args:
        name: Its name.
        depths: The number of blocks in each of the four groups.
        hashes: The hashes of the weight files, with the top and without it.
    """

    def body(x: Any) -> Any:
        x = _stem(x)
        x = activate(normalize(x, "conv1_bn", epsilon=_EPSILON), "conv1_relu")
        x = _pool(x)
        for group, (depth, filters) in enumerate(zip(depths, _FILTERS, strict=True), 2):
            for block in range(1, depth + 1):
                stride = 2 if block == 1 and group > 2 else 1
                x = _block(x, filters, stride, block == 1, f"conv{group}_block{block}")
        return x

    source = 'He et al., "Deep residual learning for image recognition" (2016).'
    return Architecture(name, body, name_files(name, "resnet", hashes), source=source)


def make_residual_v2(name: str, depths: tuple[int, ...], hashes: tuple[str, str]) -> Architecture:
    """Return a ResNet of the second version; the arguments are those of the first."""

    def body(x: Any) -> Any:
        x = _pool(_stem(x))
        for group, (depth, filters) in enumerate(zip(depths, _FILTERS, strict=True), 2):
            for block in range(1, depth + 1):
                stride = 2 if block == depth and group < 5 else 1
                x = _block_v2(x, filters, stride, block == 1, f"conv{group}_block{block}")
        return activate(normalize(x, "post_bn", epsilon=_EPSILON), "post_relu")

    source = 'He et al., "Identity mappings in deep residual networks" (2016).'
    return Architecture(name, body, name_files(name, "resnet", hashes), source=source)


def _stem(x: Any) -> Any:
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    return Conv2D(64, 7, strides=2, name="conv1_conv")(x)


def _pool(x: Any) -> Any:
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    return MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def _block(x: Any, filters: int, stride: int, projects: bool, name: str) -> Any:
    shortcut = x
    if projects:
        shortcut = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        shortcut = normalize(shortcut, f"{name}_0_bn", epsilon=_EPSILON)
    x = Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = activate(normalize(x, f"{name}_1_bn", epsilon=_EPSILON), f"{name}_1_relu")
    x = Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = activate(normalize(x, f"{name}_2_bn", epsilon=_EPSILON), f"{name}_2_relu")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = normalize(x, f"{name}_3_bn", epsilon=_EPSILON)
    return activate(Add(name=f"{name}_add")([shortcut, x]), f"{name}_out")


def _block_v2(x: Any, filters: int, stride: int, projects: bool, name: str) -> Any:
    active = activate(normalize(x, f"{name}_preact_bn", epsilon=_EPSILON), f"{name}_preact_relu")
    shortcut = x
    if projects:
        shortcut = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(active)
    elif stride > 1:
        shortcut = MaxPooling2D(1, strides=stride)(x)
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(active)
    x = activate(normalize(x, f"{name}_1_bn", epsilon=_EPSILON), f"{name}_1_relu")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = activate(normalize(x, f"{name}_2_bn", epsilon=_EPSILON), f"{name}_2_relu")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return Add(name=f"{name}_out")([shortcut, x])
