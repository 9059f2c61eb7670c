"""MobileNet: depthwise separable convolutions."""

from __future__ import annotations

from functools import partial
from typing import Any

from kplug.layers import (
    Activation,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from kplug.models import Model
from kplug_applications import imagenet_utils
from kplug_applications.base.architecture import Architecture, WeightFile
from kplug_applications.base.blocks import normalize
from kplug_applications.base.mobile import choose_size, read_name
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

# Filters of each block; those that halve height and width.
_FILTERS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
_HALVING = (2, 4, 6, 12)

# The widths that Keras has weights for, as their files name them; and the sizes.
_WIDTHS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_SIZES = (128, 160, 192, 224)


def MobileNet(  # noqa: N802 - Keras's name
    input_shape: tuple[int | None, ...] | None = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 1e-3,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "kplug/softmax",
    name: str | None = None,
) -> Model:
    """Return a MobileNet.

    Args:
        input_shape: The shape of a picture.
        alpha: The factor of all numbers of filters; with the weights of ImageNet 0.25, 0.5, 0.75 or 1.
        depth_multiplier: How many channels each depthwise convolution makes of one.
        dropout: The rate before the classes.
        include_top: Whether the model ends in classes.
        weights: ``"imagenet"``, the path of a file, or ``None``.
        input_tensor: A symbolic tensor in the place of an input.
        pooling: ``"avg"`` or ``"max"``, without the top.
        classes: How many classes there are.
        classifier_activation: The activation of the classes.
        name: The model's name.

    Returns:
        The model, not compiled.

    Raises:
        ArgumentValueError: A value is out of range.
        KplugError: The weights are not there and cannot be downloaded.

    Example:
        >>> MobileNet((32, 32, 3), alpha=0.25, weights=None, classes=5).output_shape
        (None, 5)

    Reference:
        ``keras.applications.MobileNet``. Howard et al., "MobileNets" (2017).
    """
    width = read_name("MobileNet", alpha, _WIDTHS if weights == "imagenet" else None)
    if weights == "imagenet" and depth_multiplier != 1:
        read_name("MobileNet", depth_multiplier, {1: "1"}, "depth_multiplier")
    size = choose_size(input_shape, _SIZES)

    def body(x: Any) -> Any:
        x = Conv2D(int(32 * alpha), 3, padding="same", use_bias=False, strides=2, name="conv1")(x)
        x = ReLU(6.0, name="conv1_relu")(normalize(x, "conv1_bn"))
        for block, filters in enumerate(_FILTERS, 1):
            x = _block(x, int(filters * alpha), depth_multiplier, block)
        return x

    def top(x: Any, classes: int, activation: Any) -> Any:
        x = Dropout(dropout, name="dropout")(GlobalAveragePooling2D(keepdims=True)(x))
        x = Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        return Activation(activation, name="predictions")(Reshape((classes,), name="reshape_2")(x))

    stem = f"mobilenet_{width}_{size}_tf"
    files = [f"{stem}.h5", f"{stem}_no_top.h5"]
    full, bare = (WeightFile(each, f"mobilenet/{each}") for each in files)
    make = Architecture(
        name or f"mobilenet_{alpha:0.2f}_{size}", body, (full, bare), size=size, top=top
    )
    return make(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
    )


def _block(x: Any, filters: int, depth_multiplier: int, block: int) -> Any:
    halves = block in _HALVING
    if halves:
        x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{block}")(x)
    x = DepthwiseConv2D(
        3,
        padding="valid" if halves else "same",
        depth_multiplier=depth_multiplier,
        strides=2 if halves else 1,
        use_bias=False,
        name=f"conv_dw_{block}",
    )(x)
    x = ReLU(6.0, name=f"conv_dw_{block}_relu")(normalize(x, f"conv_dw_{block}_bn"))
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"conv_pw_{block}")(x)
    return ReLU(6.0, name=f"conv_pw_{block}_relu")(normalize(x, f"conv_pw_{block}_bn"))


preprocess_input = partial(imagenet_utils.preprocess_input, mode="tf")
