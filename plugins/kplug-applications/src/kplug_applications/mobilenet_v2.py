"""MobileNetV2: inverted residuals between narrow layers."""

from __future__ import annotations

from functools import partial
from typing import Any

from kplug.layers import Add, Conv2D, DepthwiseConv2D, ReLU, ZeroPadding2D
from kplug.models import Model
from kplug_applications import imagenet_utils
from kplug_applications.base.architecture import Architecture, WeightFile
from kplug_applications.base.blocks import find_padding, normalize, round_channels
from kplug_applications.base.mobile import choose_size, read_name
from kplug_applications.base.picture_shapes import channel_axis
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# Of each block: filters, and whether it halves height and width.
_BLOCKS = (
    *((16, False), (24, True), (24, False), (32, True), (32, False), (32, False), (64, True)),
    *((64, False), (64, False), (64, False), (96, False), (96, False), (96, False)),
    *((160, True), (160, False), (160, False), (320, False)),
)
_WIDTHS = {width: str(width) for width in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)}
_SIZES = (96, 128, 160, 192, 224)


def MobileNetV2(  # noqa: N802 - Keras's name
    input_shape: tuple[int | None, ...] | None = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "kplug/softmax",
    name: str | None = None,
) -> Model:
    """Return a MobileNet of the second version.

    Args:
        input_shape: The shape of a picture.
        alpha: The factor of all numbers of filters; with the weights of ImageNet 0.35, 0.5, 0.75, 1, 1.3 or
            1.4.
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
        >>> MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=5).output_shape
        (None, 5)

    Reference:
        ``keras.applications.MobileNetV2``. Sandler et al., "MobileNetV2" (2018).
    """
    width = read_name("MobileNetV2", float(alpha), _WIDTHS if weights == "imagenet" else None)
    if input_tensor is not None and input_shape is None:
        input_shape = input_tensor.shape[1:]
    size = choose_size(input_shape, _SIZES)

    def body(x: Any) -> Any:
        x = Conv2D(
            round_channels(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1"
        )(x)
        x = ReLU(6.0, name="Conv1_relu")(_normalize(x, "bn_Conv1"))
        for block, (filters, halves) in enumerate(_BLOCKS):
            x = _block(x, round_channels(int(filters * alpha)), halves, block)
        last = round_channels(1280 * alpha) if alpha > 1.0 else 1280
        x = Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
        return ReLU(6.0, name="out_relu")(_normalize(x, "Conv_1_bn"))

    stem = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{width}_{size}"
    files = [f"{stem}.h5", f"{stem}_no_top.h5"]
    full, bare = (WeightFile(each, f"mobilenet_v2/{each}") for each in files)
    make = Architecture(name or f"mobilenetv2_{alpha:0.2f}_{size}", body, (full, bare), size=size)
    return make(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
    )


def _normalize(x: Any, name: str) -> Any:
    return normalize(x, name, epsilon=1e-3, momentum=0.999)


def _block(inputs: Any, filters: int, halves: bool, block: int) -> Any:
    channels, x = inputs.shape[channel_axis()], inputs
    prefix = f"block_{block}_" if block else "expanded_conv_"
    if block:
        x = Conv2D(6 * channels, 1, padding="same", use_bias=False, name=f"{prefix}expand")(x)
        x = ReLU(6.0, name=f"{prefix}expand_relu")(_normalize(x, f"{prefix}expand_BN"))
    if halves:
        x = ZeroPadding2D(find_padding(x, 3), name=f"{prefix}pad")(x)
    padding, strides = ("valid", 2) if halves else ("same", 1)
    x = DepthwiseConv2D(
        3, strides=strides, use_bias=False, padding=padding, name=f"{prefix}depthwise"
    )(x)
    x = ReLU(6.0, name=f"{prefix}depthwise_relu")(_normalize(x, f"{prefix}depthwise_BN"))
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"{prefix}project")(x)
    x = _normalize(x, f"{prefix}project_BN")
    return Add(name=f"{prefix}add")([inputs, x]) if channels == filters and not halves else x


preprocess_input = partial(imagenet_utils.preprocess_input, mode="tf")
