"""MobileNetV3: blocks with squeeze-and-excitation."""

from __future__ import annotations

from typing import Any, NamedTuple

from kplug.layers import (
    Activation,
    Add,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Multiply,
    ReLU,
    Rescaling,
    ZeroPadding2D,
)
from kplug.models import Model
from kplug_applications.base.architecture import Architecture, WeightFile
from kplug_applications.base.blocks import activate, find_padding, normalize, round_channels
from kplug_applications.base.mobile import read_name
from kplug_applications.base.picture_shapes import channel_axis
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["MobileNetV3Large", "MobileNetV3Small", "decode_predictions", "preprocess_input"]


class _Block(NamedTuple):
    """One block.

    Attributes:
        expansion: The factor of its inner channels.
        filters: Its output channels.
        is_wide: Whether its kernel is 5, not 3.
        stride: Its stride; 2 halves height and width.
        weighs: Whether it has squeeze-and-excitation.
        is_late: Whether it uses the activation of the later blocks.
    """

    expansion: float
    filters: int
    is_wide: bool
    stride: int
    weighs: bool
    is_late: bool


_SMALL = (
    _Block(1, 16, False, 2, True, False),
    _Block(72.0 / 16, 24, False, 2, False, False),
    _Block(88.0 / 24, 24, False, 1, False, False),
    _Block(4, 40, True, 2, True, True),
    _Block(6, 40, True, 1, True, True),
    _Block(6, 40, True, 1, True, True),
    _Block(3, 48, True, 1, True, True),
    _Block(3, 48, True, 1, True, True),
    _Block(6, 96, True, 2, True, True),
    _Block(6, 96, True, 1, True, True),
    _Block(6, 96, True, 1, True, True),
)
_LARGE = (
    _Block(1, 16, False, 1, False, False),
    _Block(4, 24, False, 2, False, False),
    _Block(3, 24, False, 1, False, False),
    _Block(3, 40, True, 2, True, False),
    _Block(3, 40, True, 1, True, False),
    _Block(3, 40, True, 1, True, False),
    _Block(6, 80, False, 2, False, True),
    _Block(2.5, 80, False, 1, False, True),
    _Block(2.3, 80, False, 1, False, True),
    _Block(2.3, 80, False, 1, False, True),
    _Block(6, 112, False, 1, True, True),
    _Block(6, 112, False, 1, True, True),
    _Block(6, 160, True, 2, True, True),
    _Block(6, 160, True, 1, True, True),
    _Block(6, 160, True, 1, True, True),
)
# Hashes by the name in the files: with the top, without it.
_HASHES = {
    "large_224_0.75": ("765b44a33ad4005b3ac83185abf1d0eb", "40af19a13ebea4e2ee0c676887f69a2e"),
    "large_224_1.0": ("59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"),
    "large_minimalistic_224_1.0": (
        "675e7b876c45c57e9e63e6d90a36599c",
        "ec5221f64a2f6d1ef965a614bdae7973",
    ),
    "small_224_0.75": ("cb65d4e5be93758266aa0a7f2c6708b7", "ebdb5cc8e0b497cd13a7c275d475c819"),
    "small_224_1.0": ("8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "small_minimalistic_224_1.0": (
        "99cd97fb2fcdad2bf028eb838de69e37",
        "cde8136e733e811080d9fcd8a252f7e4",
    ),
}


class MobileNetV3:
    """A function that makes a MobileNet of the third version.

    Args:
        kind: ``"small"`` or ``"large"``, as the files have it.
        blocks: Its blocks.
        last: The channels before the classes.
    """

    def __init__(self, kind: str, blocks: tuple[_Block, ...], last: int) -> None:
        self._kind, self._blocks, self._last = kind, blocks, last
        self.__name__ = f"MobileNetV3{kind.capitalize()}"
        self.__doc__ = MobileNetV3.__call__.__doc__

    def __call__(
        self,
        input_shape: tuple[int | None, ...] | None = None,
        alpha: float = 1.0,
        minimalistic: bool = False,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        classes: int = 1000,
        pooling: str | None = None,
        dropout_rate: float = 0.2,
        classifier_activation: Any = "kplug/softmax",
        include_preprocessing: bool = True,
        name: str | None = None,
    ) -> Model:
        """Return a MobileNet of the third version.

        Args:
            input_shape: The shape of a picture; ``None`` takes any size.
            alpha: The factor of all numbers of filters; with the weights of ImageNet 0.75 or 1.
            minimalistic: Whether channels are not weighed, all kernels are 3 and all activations ReLU.
            include_top: Whether the model ends in classes.
            weights: ``"imagenet"``, the path of a file, or ``None``.
            input_tensor: A symbolic tensor in the place of an input.
            classes: How many classes there are.
            pooling: ``"avg"`` or ``"max"``, without the top.
            dropout_rate: The rate before the classes.
            classifier_activation: The activation of the classes.
            include_preprocessing: Whether the model takes pixels from 0 to 255; else from −1 to 1.
            name: The model's name.

        Returns:
            The model, not compiled.

        Raises:
            ArgumentValueError: A value is out of range.
            KplugError: The weights are not there and cannot be downloaded.

        Example:
            >>> from kplug_applications import MobileNetV3Small
            >>> MobileNetV3Small((32, 32, 3), weights=None, classes=5).output_shape
            (None, 5)

        Reference:
            ``keras.applications.MobileNetV3Small``. Howard et al., "Searching for MobileNetV3" (2019).
        """
        widths = {1.0: "1.0"} if minimalistic else {0.75: "0.75", 1.0: "1.0"}
        width = read_name(self.__name__, float(alpha), widths if weights == "imagenet" else None)

        def body(x: Any) -> Any:
            return self._features(x, alpha, minimalistic, include_preprocessing)

        def top(x: Any, classes: int, activation: Any) -> Any:
            last = round_channels(self._last * alpha) if alpha > 1.0 else self._last
            x = Conv2D(last, 1, padding="same", name="conv_2")(
                GlobalAveragePooling2D(keepdims=True)(x)
            )
            x = _activate(x, is_late=not minimalistic)
            x = Dropout(dropout_rate)(x) if dropout_rate > 0 else x
            x = Conv2D(classes, 1, padding="same", name="logits")(x)
            return Activation(activation, name="predictions")(Flatten()(x))

        files = self._name_files(width, minimalistic)
        make = Architecture(name or self.__name__, body, files, size=None, top=top)
        return make(
            include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
        )

    def _name_files(self, width: str, minimalistic: bool) -> tuple[WeightFile, WeightFile]:
        model = f"{self._kind}{'_minimalistic' if minimalistic else ''}_224_{width}"
        hashes = _HASHES.get(model, (None, None))
        stem = f"weights_mobilenet_v3_{model}_float"
        names = (f"{stem}.h5", f"{stem}_no_top_v2.h5")
        full, bare = (
            WeightFile(each, f"mobilenet_v3/{each}", md5)
            for each, md5 in zip(names, hashes, strict=True)
        )
        return full, bare

    def _features(self, x: Any, alpha: float, minimalistic: bool, rescales: bool) -> Any:
        if rescales:
            x = Rescaling(1.0 / 127.5, offset=-1.0)(x)
        x = Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
        x = _activate(_normalize(x, "conv_bn"), is_late=not minimalistic)
        for number, block in enumerate(self._blocks):
            if minimalistic:
                block = block._replace(is_wide=False, weighs=False, is_late=False)
            x = _add_block(x, block._replace(filters=round_channels(block.filters * alpha)), number)
        last = round_channels(x.shape[channel_axis()] * 6)
        x = Conv2D(last, 1, padding="same", use_bias=False, name="conv_1")(x)
        return _activate(_normalize(x, "conv_1_bn"), is_late=not minimalistic)


def _normalize(x: Any, name: str) -> Any:
    return normalize(x, name, epsilon=1e-3, momentum=0.999)


def _activate(x: Any, is_late: bool) -> Any:
    return activate(x, activation="kplug/hard_swish") if is_late else ReLU()(x)


def _weigh(inputs: Any, channels: int, prefix: str) -> Any:
    """Scale each channel by a weight computed from the means of all channels (squeeze-and-excitation)."""
    x = GlobalAveragePooling2D(keepdims=True, name=f"{prefix}squeeze_excite_avg_pool")(inputs)
    narrow = round_channels(channels * 0.25)
    x = Conv2D(narrow, 1, padding="same", name=f"{prefix}squeeze_excite_conv")(x)
    x = ReLU(name=f"{prefix}squeeze_excite_relu")(x)
    x = Conv2D(channels, 1, padding="same", name=f"{prefix}squeeze_excite_conv_1")(x)
    x = ReLU(6.0)(x + 3.0) * (1.0 / 6.0)
    return Multiply(name=f"{prefix}squeeze_excite_mul")([inputs, x])


def _add_block(x: Any, block: _Block, number: int) -> Any:
    shortcut, channels = x, x.shape[channel_axis()]
    prefix = f"expanded_conv_{number}_" if number else "expanded_conv_"
    inside, kernel = round_channels(channels * block.expansion), 5 if block.is_wide else 3
    if number:
        x = Conv2D(inside, 1, padding="same", use_bias=False, name=f"{prefix}expand")(x)
        x = _activate(_normalize(x, f"{prefix}expand_bn"), block.is_late)
    halves = block.stride == 2
    if halves:
        x = ZeroPadding2D(find_padding(x, kernel), name=f"{prefix}depthwise_pad")(x)
    x = DepthwiseConv2D(
        kernel,
        strides=block.stride,
        padding="valid" if halves else "same",
        use_bias=False,
        name=f"{prefix}depthwise",
    )(x)
    x = _activate(_normalize(x, f"{prefix}depthwise_bn"), block.is_late)
    if block.weighs:
        x = _weigh(x, inside, prefix)
    x = Conv2D(block.filters, 1, padding="same", use_bias=False, name=f"{prefix}project")(x)
    x = _normalize(x, f"{prefix}project_bn")
    is_residual = not halves and channels == block.filters
    return Add(name=f"{prefix}add")([shortcut, x]) if is_residual else x


MobileNetV3Small = MobileNetV3("small", _SMALL, 1024)
MobileNetV3Large = MobileNetV3("large", _LARGE, 1280)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:  # noqa: ARG001 - as of the others
    """Return pictures as they are: the model rescales them itself."""
    return x
