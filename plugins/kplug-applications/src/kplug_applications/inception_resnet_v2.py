"""Inception-ResNet v2: Inception blocks with residual connections."""

from __future__ import annotations

from functools import partial
from typing import Any

from kplug.layers import Add, AveragePooling2D, Concatenate, Conv2D, MaxPooling2D, Rescaling
from kplug_applications import imagenet_utils
from kplug_applications.base.architecture import Architecture, name_files
from kplug_applications.base.blocks import activate, normalize
from kplug_applications.base.picture_shapes import channel_axis
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

# The branches of each kind of block: filters and kernel of each convolution.
_BRANCHES: dict[str, tuple[tuple[tuple[int, Any], ...], ...]] = {
    "block35": (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3))),
    "block17": (((192, 1),), ((128, 1), (160, (1, 7)), (192, (7, 1)))),
    "block8": (((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1)))),
}


def _conv(
    x: Any,
    filters: int,
    kernel: Any,
    strides: int = 1,
    padding: str = "same",
    name: str | None = None,
) -> Any:
    x = Conv2D(filters, kernel, strides=strides, padding=padding, use_bias=False, name=name)(x)
    x = normalize(x, name and f"{name}_bn", scale=False)
    return activate(x, name and f"{name}_ac")


def _chain(x: Any, *convolutions: tuple[int, Any]) -> Any:
    for filters, kernel in convolutions:
        x = _conv(x, filters, kernel)
    return x


def _join(*branches: Any, name: str) -> Any:
    return Concatenate(axis=channel_axis(), name=name)(list(branches))


def _block(
    x: Any, kind: str, number: int, scale: float, activation: str | None = "kplug/relu"
) -> Any:
    name = f"{kind}_{number}"
    mixed = _join(*(_chain(x, *branch) for branch in _BRANCHES[kind]), name=f"{name}_mixed")
    up = Conv2D(x.shape[channel_axis()], 1, padding="same", name=f"{name}_conv")(mixed)
    x = Add()([x, Rescaling(scale)(up)])
    return x if activation is None else activate(x, f"{name}_ac", activation)


def _body(x: Any) -> Any:
    x = _conv(x, 32, 3, 2, "valid")
    x = _conv(x, 32, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(_conv(x, 64, 3))
    x = _conv(x, 80, 1, padding="valid")
    x = MaxPooling2D(3, strides=2)(_conv(x, 192, 3, padding="valid"))
    branches = [_conv(x, 96, 1), _chain(x, (48, 1), (64, 5)), _chain(x, (64, 1), (96, 3), (96, 3))]
    pooled = _conv(AveragePooling2D(3, strides=1, padding="same")(x), 64, 1)
    x = _join(*branches, pooled, name="mixed_5b")
    for number in range(1, 11):
        x = _block(x, "block35", number, 0.17)
    branches = [
        _conv(x, 384, 3, 2, "valid"),
        _conv(_chain(x, (256, 1), (256, 3)), 384, 3, 2, "valid"),
    ]
    x = _join(*branches, MaxPooling2D(3, strides=2)(x), name="mixed_6a")
    for number in range(1, 21):
        x = _block(x, "block17", number, 0.1)
    branches = [
        _conv(_conv(x, 256, 1), 384, 3, 2, "valid"),
        _conv(_conv(x, 256, 1), 288, 3, 2, "valid"),
        _conv(_chain(x, (256, 1), (288, 3)), 320, 3, 2, "valid"),
    ]
    x = _join(*branches, MaxPooling2D(3, strides=2)(x), name="mixed_7a")
    for number in range(1, 10):
        x = _block(x, "block8", number, 0.2)
    x = _block(x, "block8", 10, 1.0, activation=None)
    return _conv(x, 1536, 1, name="conv_7b")


InceptionResNetV2 = Architecture(
    "inception_resnet_v2",
    _body,
    name_files(
        "inception_resnet_v2",
        "inception_resnet_v2",
        ("e693bd0210a403b3192acc6073ad2e96", "d19885ff4a710c122648d3b5c3b684e4"),
    ),
    size=299,
    smallest=75,
    source='Szegedy et al., "Inception-v4, Inception-ResNet and residual connections" (2017).',
)

preprocess_input = partial(imagenet_utils.preprocess_input, mode="tf")
