"""`Architecture`: a function that makes a model of a body and a classification top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from kplug.components.arguments import require_choice
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.layers import Dense, GlobalAveragePooling2D, GlobalMaxPooling2D, Input
from kplug.models import Model
from kplug.utils import get_file, get_source_inputs, is_keras_tensor
from kplug_applications.base.picture_shapes import choose_shape

Body: TypeAlias = "Callable[[Any], Any]"
Top: TypeAlias = "Callable[[Any, int, Any], Any]"

_ORIGIN = "https://storage.googleapis.com/tensorflow/keras-applications/"
_IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class WeightFile:
    """A file with ImageNet weights.

    Attributes:
        name: The name in Keras's cache folder.
        origin: The URL, or its path in the folder of Keras's architectures.
        md5: The hash, or None if Keras has none.
    """

    name: str
    origin: str
    md5: str | None = None

    def fetch(self) -> str:
        """Return the path of the file, downloading it if missing."""
        address = self.origin if "://" in self.origin else _ORIGIN + self.origin
        return get_file(self.name, address, cache_subdir="models", md5_hash=self.md5)


def name_files(name: str, folder: str, hashes: tuple[str, str]) -> tuple[WeightFile, WeightFile]:
    """Return the files of an architecture, with Keras's usual names."""
    stem = f"{name}_weights_tf_dim_ordering_tf_kernels"
    names = (f"{stem}.h5", f"{stem}_notop.h5")
    full, bare = (
        WeightFile(each, f"{folder}/{each}", md5) for each, md5 in zip(names, hashes, strict=True)
    )
    return full, bare


def dense_top(x: Any, classes: int, activation: Any) -> Any:
    """Return the classification top: global average pooling and a dense layer."""
    x = GlobalAveragePooling2D(name="avg_pool")(x)
    return Dense(classes, activation=activation, name="predictions")(x)


class Architecture:
    """A function that makes an image model, as in ``keras.applications``.

    Args:
        name: The model's name.
        body: Maps pictures to features.
        size: Default height and width of the pictures; None for any.
        smallest: The least height and width.
        files: The files of ImageNet weights, with the top and without it.
        top: Maps features, the number of classes and the last activation to class scores.
        source: The publication.
    """

    def __init__(
        self,
        name: str,
        body: Body,
        files: tuple[WeightFile, WeightFile],
        *,
        size: int | None = 224,
        smallest: int = 32,
        top: Top = dense_top,
        source: str = "",
    ) -> None:
        self.__name__ = name
        self._body, self._files, self._top = body, files, top
        self._size, self._smallest = size, smallest
        self.__doc__ = f"{Architecture.__call__.__doc__}\n        {source}"

    def __call__(
        self,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: tuple[int | None, ...] | None = None,
        pooling: str | None = None,
        classes: int = _IMAGENET_CLASSES,
        classifier_activation: Any = "kplug/softmax",
        name: str | None = None,
    ) -> Model:
        """Return a model of this architecture.

        Args:
            include_top: Whether the model ends in classes; else it ends in features.
            weights: ``"imagenet"`` for Keras's weights, which are downloaded unless they are in its cache
                folder; the path of a file; or ``None`` for random weights.
            input_tensor: A symbolic tensor to use as the input.
            input_shape: The shape of a picture; ``None`` is the default, or any size without the top.
            pooling: Global pooling without the top: ``"avg"``, ``"max"`` or ``None``.
            classes: The number of classes, with the top.
            classifier_activation: The activation of the classes; ``None`` for logits.
            name: The model's name; ``None`` is that of the architecture.

        Returns:
            The model, not compiled.

        Raises:
            ArgumentError: The weights of ImageNet belong to another number of classes or activation.
            ArgumentValueError: A value is out of range, or ``weights`` names no file.
            KplugError: The weights are not there and cannot be downloaded.

        Example:
            >>> from kplug_applications import MobileNetV2
            >>> MobileNetV2(weights=None, input_shape=(96, 96, 3), classes=5).output_shape
            (None, 5)

        Reference:
            ``keras.applications``, whose layers have the same names and order.
        """
        owner = name or self.__name__
        self._check(owner, weights, include_top, classes, classifier_activation)
        is_pretrained = weights == "imagenet"
        shape = choose_shape(
            owner,
            input_shape,
            is_pretrained,
            include_top,
            default=self._size,
            smallest=self._smallest,
        )
        inputs = _choose_inputs(owner, input_tensor, shape)
        x = self._body(inputs)
        if include_top:
            x = self._top(x, classes, classifier_activation)
        elif pooling is not None:
            x = _pool(owner, pooling, x)
        sources = inputs if input_tensor is None else get_source_inputs(input_tensor)
        model = Model(sources, x, name=owner)
        if weights is not None:
            found = self._files[0 if include_top else 1].fetch() if is_pretrained else weights
            model.load_weights(found)
        return model

    def _check(
        self, owner: str, weights: Any, include_top: bool, classes: int, activation: Any
    ) -> None:
        if weights is None:
            return
        if weights != "imagenet":
            if not Path(weights).exists():
                allowed = '"imagenet", None, or the path of a file that is there'
                raise ArgumentValueError(owner, "weights", weights, allowed)
            return
        if include_top and classes != _IMAGENET_CLASSES:
            raise ArgumentError(
                f"{owner}: the weights of ImageNet belong to {_IMAGENET_CLASSES} classes, not {classes}",
                hint="Pass include_top=False and add a layer of your own, or weights=None.",
            )
        if include_top and activation not in ("softmax", "kplug/softmax", None):
            raise ArgumentError(
                f"{owner}: the weights of ImageNet belong to a softmax, not to {activation!r}",
                hint='Pass classifier_activation="softmax", or None for logits.',
            )


def _choose_inputs(owner: str, given: Any, shape: tuple[int | None, ...]) -> Any:
    if given is None:
        return Input(shape=shape)
    if is_keras_tensor(given):
        return given
    raise ArgumentValueError(owner, "input_tensor", given, "a symbolic tensor, as Input makes it")


def _pool(owner: str, pooling: str, x: Any) -> Any:
    if require_choice(owner, "pooling", pooling, ("avg", "max")) == "avg":
        return GlobalAveragePooling2D(name="avg_pool")(x)
    return GlobalMaxPooling2D(name="max_pool")(x)
