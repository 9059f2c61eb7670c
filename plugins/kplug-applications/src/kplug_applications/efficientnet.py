"""EfficientNet: compound scaling of depth, width and resolution."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from kplug.layers import (
    Add,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Multiply,
    Normalization,
    Rescaling,
    Reshape,
    ZeroPadding2D,
)
from kplug.models import Model
from kplug_applications.base.architecture import Architecture, WeightFile
from kplug_applications.base.blocks import activate, find_padding, normalize, round_channels
from kplug_applications.base.picture_shapes import channel_axis
from kplug_applications.imagenet_utils import decode_predictions

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "decode_predictions",
    "preprocess_input",
]

_KERNELS = "kplug/variance_scaling(scale=2.0, mode='fan_out', distribution='truncated_normal')"
_CLASSES = f"kplug/variance_scaling(scale={1 / 3!r}, mode='fan_out', distribution='uniform')"
_DEVIATIONS = (0.229, 0.224, 0.225)
_DROP_RATE = 0.2  # of the last block; rates grow linearly from 0


class _Group(NamedTuple):
    """A group of blocks: kernel, repeats, filters before and after, expansion, stride of the first block."""

    kernel: int
    repeats: int
    before: int
    after: int
    expansion: int
    stride: int


_GROUPS = (
    _Group(3, 1, 32, 16, 1, 1),
    _Group(3, 2, 16, 24, 6, 2),
    _Group(5, 2, 24, 40, 6, 2),
    _Group(3, 3, 40, 80, 6, 2),
    _Group(5, 3, 80, 112, 6, 1),
    _Group(5, 4, 112, 192, 6, 2),
    _Group(3, 1, 192, 320, 6, 1),
)


class EfficientNet:
    """A function that makes an EfficientNet.

    Args:
        number: Which one, from 0 to 7.
        width: The factor of all numbers of filters.
        depth: The factor of all numbers of blocks.
        size: The usual height and width.
        dropout: The rate before the classes.
        hashes: Of the files of weights, with the top and without it.
    """

    def __init__(
        self,
        number: int,
        width: float,
        depth: float,
        size: int,
        dropout: float,
        hashes: tuple[str, str],
    ) -> None:
        self.__name__ = f"efficientnetb{number}"
        self.__doc__ = EfficientNet.__call__.__doc__
        self._width, self._depth, self._size, self._dropout = width, depth, size, dropout
        names = (f"{self.__name__}.h5", f"{self.__name__}_notop.h5")
        origin = "https://storage.googleapis.com/keras-applications/"
        full, bare = (
            WeightFile(name, origin + name, md5) for name, md5 in zip(names, hashes, strict=True)
        )
        self._files = full, bare

    def __call__(
        self,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: tuple[int | None, ...] | None = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "kplug/softmax",
        name: str | None = None,
    ) -> Model:
        """Return an EfficientNet, which takes pixels from 0 to 255.

        Args:
            include_top: Whether the model ends in classes.
            weights: ``"imagenet"``, the path of a file, or ``None``.
            input_tensor: A symbolic tensor in the place of an input.
            input_shape: The shape of a picture; ``None`` is the usual one, or any size without the top.
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
            >>> from kplug_applications import EfficientNetB0
            >>> EfficientNetB0(weights=None, input_shape=(32, 32, 3), classes=5).output_shape
            (None, 5)

        Reference:
            ``keras.applications.EfficientNetB0``. Tan, Le, "EfficientNet" (2019).
        """

        def body(x: Any) -> Any:
            return self._features(x, is_pretrained=weights == "imagenet")

        make = Architecture(
            name or self.__name__, body, self._files, size=self._size, top=self._top
        )
        return make(
            include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
        )

    def _top(self, x: Any, classes: int, activation: Any) -> Any:
        x = Dropout(self._dropout, name="top_dropout")(GlobalAveragePooling2D(name="avg_pool")(x))
        return Dense(classes, activation, kernel_initializer=_CLASSES, name="predictions")(x)

    def _features(self, x: Any, is_pretrained: bool) -> Any:
        x = Normalization(axis=channel_axis())(Rescaling(1.0 / 255.0)(x))
        if is_pretrained:  # the weights were trained with this factor
            x = Rescaling([1.0 / math.sqrt(each) for each in _DEVIATIONS])(x)
        x = ZeroPadding2D(find_padding(x, 3), name="stem_conv_pad")(x)
        x = _convolve(x, self._widen(32), "stem_conv", kernel_size=3, strides=2, padding="valid")
        x = activate(normalize(x, "stem_bn"), "stem_activation", "kplug/swish")
        repeats = [math.ceil(self._depth * group.repeats) for group in _GROUPS]
        made = 0
        for number, (group, count) in enumerate(zip(_GROUPS, repeats, strict=True), 1):
            for repeat in range(count):
                name = f"block{number}{chr(ord('a') + repeat)}_"
                x = self._add_block(x, group, repeat > 0, _DROP_RATE * made / sum(repeats), name)
                made += 1
        x = _convolve(x, self._widen(1280), "top_conv")
        return activate(normalize(x, "top_bn"), "top_activation", "kplug/swish")

    def _widen(self, filters: int) -> int:
        return round_channels(filters * self._width)

    def _add_block(self, inputs: Any, group: _Group, repeats: bool, drop: float, name: str) -> Any:
        after = self._widen(group.after)
        before, stride = (after, 1) if repeats else (self._widen(group.before), group.stride)
        inside, x = before * group.expansion, inputs
        if group.expansion != 1:
            x = _convolve(x, inside, f"{name}expand_conv")
            x = activate(
                normalize(x, f"{name}expand_bn"), f"{name}expand_activation", "kplug/swish"
            )
        x = _convolve_depthwise(x, group.kernel, stride, name)
        x = activate(normalize(x, f"{name}bn"), f"{name}activation", "kplug/swish")
        x = _weigh(x, inside, max(1, int(before * 0.25)), name)
        x = normalize(_convolve(x, after, f"{name}project_conv"), f"{name}project_bn")
        if stride != 1 or before != after:
            return x
        if drop > 0:
            x = Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
        return Add(name=f"{name}add")([x, inputs])


def _convolve(x: Any, filters: int, name: str, kernel_size: int = 1, **options: Any) -> Any:
    given = {"padding": "same", "use_bias": False, "kernel_initializer": _KERNELS, **options}
    return Conv2D(filters, kernel_size, name=name, **given)(x)


def _convolve_depthwise(x: Any, kernel: int, stride: int, name: str) -> Any:
    if stride == 2:
        x = ZeroPadding2D(find_padding(x, kernel), name=f"{name}dwconv_pad")(x)
    return DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        use_bias=False,
        depthwise_initializer=_KERNELS,
        name=f"{name}dwconv",
    )(x)


def _weigh(x: Any, channels: int, narrow: int, name: str) -> Any:
    """Scale each channel by a weight computed from the means of all channels (squeeze-and-excitation)."""
    averages = GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    shape = (channels, 1, 1) if channel_axis() == 1 else (1, 1, channels)
    weights = Reshape(shape, name=f"{name}se_reshape")(averages)
    weights = _convolve(
        weights, narrow, f"{name}se_reduce", use_bias=True, activation="kplug/swish"
    )
    weights = _convolve(
        weights, channels, f"{name}se_expand", use_bias=True, activation="kplug/sigmoid"
    )
    return Multiply(name=f"{name}se_excite")([x, weights])


EfficientNetB0 = EfficientNet(
    *(0, 1.0, 1.0, 224, 0.2),
    ("902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"),
)
EfficientNetB1 = EfficientNet(
    *(1, 1.0, 1.1, 240, 0.2),
    ("1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432"),
)
EfficientNetB2 = EfficientNet(
    *(2, 1.1, 1.2, 260, 0.3),
    ("b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39"),
)
EfficientNetB3 = EfficientNet(
    *(3, 1.2, 1.4, 300, 0.3),
    ("ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226"),
)
EfficientNetB4 = EfficientNet(
    *(4, 1.4, 1.8, 380, 0.4),
    ("18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba"),
)
EfficientNetB5 = EfficientNet(
    *(5, 1.6, 2.2, 456, 0.4),
    ("ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f"),
)
EfficientNetB6 = EfficientNet(
    *(6, 1.8, 2.6, 528, 0.5),
    ("165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743"),
)
EfficientNetB7 = EfficientNet(
    *(7, 2.0, 3.1, 600, 0.5),
    ("8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a"),
)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:  # noqa: ARG001 - as of the others
    """Return pictures as they are: the model rescales them itself."""
    return x
