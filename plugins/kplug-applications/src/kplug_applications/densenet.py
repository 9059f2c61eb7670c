"""DenseNet: each block receives the outputs of all blocks before it."""

from __future__ import annotations

from functools import partial
from typing import Any

from kplug.layers import AveragePooling2D, Concatenate, Conv2D, MaxPooling2D, ZeroPadding2D
from kplug_applications import imagenet_utils
from kplug_applications.base.architecture import Architecture, name_files
from kplug_applications.base.blocks import activate, normalize
from kplug_applications.base.picture_shapes import channel_axis
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_EPSILON = 1.001e-5
_GROWTH = 32


def _block(x: Any, name: str) -> Any:
    new = activate(normalize(x, f"{name}_0_bn", epsilon=_EPSILON), f"{name}_0_relu")
    new = Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = activate(normalize(new, f"{name}_1_bn", epsilon=_EPSILON), f"{name}_1_relu")
    new = Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return Concatenate(axis=channel_axis(), name=f"{name}_concat")([x, new])


def _shrink(x: Any, name: str) -> Any:
    x = activate(normalize(x, f"{name}_bn", epsilon=_EPSILON), f"{name}_relu")
    x = Conv2D(x.shape[channel_axis()] // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _make(name: str, depths: tuple[int, ...], hashes: tuple[str, str]) -> Architecture:
    def body(x: Any) -> Any:
        x = ZeroPadding2D(3)(x)
        x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
        x = activate(normalize(x, "conv1_bn", epsilon=_EPSILON), "conv1_relu")
        x = MaxPooling2D(3, strides=2, name="pool1")(ZeroPadding2D(1)(x))
        for group, depth in enumerate(depths, 2):
            x = x if group == 2 else _shrink(x, f"pool{group - 1}")
            for block in range(1, depth + 1):
                x = _block(x, f"conv{group}_block{block}")
        return activate(normalize(x, "bn", epsilon=_EPSILON), "relu")

    source = 'Huang et al., "Densely connected convolutional networks" (2017).'
    return Architecture(name, body, name_files(name, "densenet", hashes), source=source)


DenseNet121 = _make(
    "densenet121",
    (6, 12, 24, 16),
    ("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"),
)
DenseNet169 = _make(
    "densenet169",
    (6, 12, 32, 32),
    ("d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"),
)
DenseNet201 = _make(
    "densenet201",
    (6, 12, 48, 32),
    ("1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"),
)

preprocess_input = partial(imagenet_utils.preprocess_input, mode="torch")
