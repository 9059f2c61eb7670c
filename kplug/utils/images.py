"""Reads and writes images with Pillow, and converts them to arrays."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from kplug import backend as K
from kplug.backend import NumpyArray
from kplug.components.arguments import refusal, require_choice, require_size
from kplug.errors import DataError, KplugError
from kplug.registry.quoting import quote
from kplug.registry.user_warnings import warn
from kplug.support.optional_libraries import import_extra

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pillow's mode for each ``color_mode``, and the modes that need no conversion.
COLOR_MODES = {
    "grayscale": ("L", {"L", "I;16", "I"}),
    "rgb": ("RGB", {"RGB"}),
    "rgba": ("RGBA", {"RGBA"}),
}
_RESAMPLING = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_DEEPEST = 255


def load_img(
    path: str | bytes | os.PathLike[str] | io.BytesIO,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Image:
    """Return the picture in a file.

    Args:
        path: The file, or its content as ``io.BytesIO``.
        color_mode: ``"rgb"``, ``"rgba"`` or ``"grayscale"``, which leaves gray of 16 and 32 bits as it is.
        target_size: The (height, width) to resize to.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"hamming"``, ``"box"`` or
            ``"lanczos"``.
        keep_aspect_ratio: Whether to crop around the centre to the aspect ratio of ``target_size``
            before resizing.

    Returns:
        A picture of Pillow.

    Raises:
        ArgumentValueError: A word is unknown, or ``target_size`` is no pair of integers >= 1.
        DataError: The file is no picture.
        MissingLibraryError: Pillow is not installed (``pip install "kplug[images]"``).

    Example:
        >>> file = io.BytesIO()
        >>> array_to_img(np.zeros((4, 6, 3))).save(file, "png")
        >>> load_img(file, target_size=(2, 3)).size  # width first, as Pillow has it
        (3, 2)

    Reference:
        ``keras.utils.load_img``.
    """
    pillow = _import_pillow("load_img")
    mode, kept = COLOR_MODES[
        require_choice("load_img", "color_mode", color_mode, list(COLOR_MODES))
    ]
    method = require_choice("load_img", "interpolation", interpolation, _RESAMPLING)
    if not isinstance(path, (io.BytesIO, str, bytes, os.PathLike)):
        raise refusal("load_img", "path", path, "a path or a BytesIO")
    given = path if isinstance(path, io.BytesIO) else io.BytesIO(_read_bytes(path))
    try:
        image: Image = pillow.open(given)
        image.load()
    except (pillow.UnidentifiedImageError, pillow.DecompressionBombError, OSError) as error:
        raise DataError(f"load_img: {path!r} cannot be read as a picture: {error}") from None
    if image.mode not in kept:
        image = image.convert(mode)
    if target_size is None:
        return image
    height, width = require_size("load_img", "target_size", target_size)
    box = _find_middle(image.size, (width, height)) if keep_aspect_ratio else None
    if image.size == (width, height):
        return image
    return image.resize((width, height), pillow.Resampling[method.upper()], box=box)


def _read_bytes(path: str | bytes | os.PathLike[Any]) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # a Path takes as long as a small picture
        return file.readall()


def _find_middle(size: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the largest centred crop with an aspect ratio."""
    (width, height), (wanted_width, wanted_height) = size, wanted
    part_width = min(width, height * wanted_width // wanted_height)
    part_height = min(height, width * wanted_height // wanted_width)
    left, top = (width - part_width) // 2, (height - part_height) // 2
    return left, top, left + part_width, top + part_height


def img_to_array(img: Any, data_format: str | None = None, dtype: str | None = None) -> NumpyArray:
    """Return a picture as an array.

    Args:
        img: A picture of Pillow, or an array of shape (height, width) or (height, width, channels).
        data_format: ``"channels_last"`` or ``"channels_first"``; ``None`` is ``K.image_data_format()``.
        dtype: The array's type; ``None`` is ``K.floatx()``.

    Returns:
        Array of shape (height, width, channels), or (channels, height, width).

    Raises:
        DataError: It has another number of axes.

    Example:
        >>> img_to_array(np.ones((2, 3))).shape
        (2, 3, 1)

    Reference:
        ``keras.utils.img_to_array``.
    """
    array = _as_array("img_to_array", img, dtype)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3:
        raise DataError(
            f"img_to_array: a picture has 2 or 3 axes, and this one the shape {array.shape}"
        )
    is_first = K.standardize_data_format(data_format, "img_to_array") == "channels_first"
    return array.transpose(2, 0, 1) if is_first else array


def _as_array(owner: str, picture: Any, dtype: str | None) -> NumpyArray:
    try:
        return np.asarray(picture, dtype=dtype or K.floatx())
    except KplugError:  # of a symbolic tensor
        raise
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{owner}: {quote(picture)} is no picture of numbers: {error}",
            hint="A file is read by load_img.",
        ) from error


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: str | None = None
) -> Image:
    """Return an array as a picture.

    Args:
        x: Shape (height, width, channels), or (channels, height, width), with 1, 3 or 4 channels.
        data_format: ``"channels_last"`` or ``"channels_first"``; ``None`` is ``K.image_data_format()``.
        scale: Whether to scale the values to [0, 255]; else they must be in [0, 255].
        dtype: The type for scaling; ``None`` is ``K.floatx()``.

    Returns:
        A picture of Pillow. Gray with numbers above 255 has 32 bits.

    Raises:
        DataError: ``x`` has another shape.
        MissingLibraryError: Pillow is not installed.

    Example:
        >>> array_to_img(np.zeros((2, 3, 3))).mode
        'RGB'

    Reference:
        ``keras.utils.array_to_img``.
    """
    pillow = _import_pillow("array_to_img")
    given = x.detach().cpu().numpy() if isinstance(x, Tensor) else x
    array = _as_array("array_to_img", given, dtype)
    layout = K.standardize_data_format(data_format, "array_to_img")
    if array.ndim == 3 and layout == "channels_first":
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise DataError(
            f"array_to_img: the shape is {np.shape(given)}; a picture has height, width and "
            "1, 3 or 4 channels"
        )
    if scale:
        array = array - array.min()
        largest = array.max()
        array = array / (largest or 1) * _DEEPEST
    if array.shape[2] > 1:
        return pillow.fromarray(array.astype("uint8"))  # type: ignore[no-any-return]
    kind = "int32" if array.max(initial=0) > _DEEPEST else "uint8"
    return pillow.fromarray(array[..., 0].astype(kind))  # type: ignore[no-any-return]


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array into a file as a picture.

    Args:
        path: The file, or an open one.
        x: The array, as for ``array_to_img``.
        data_format: The same.
        file_format: Such as ``"png"``; ``None`` uses the file's extension.
        scale: The same.
        **kwargs: Arguments of Pillow's ``Image.save``.

    Example:
        >>> file = io.BytesIO()
        >>> save_img(file, np.zeros((2, 3, 3)), file_format="png")

    Reference:
        ``keras.utils.save_img``.
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = Path(path).suffix[1:].lower()
    if file_format and file_format.lower() == "jpg":
        file_format = "jpeg"
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and file_format == "jpeg":
        warn("save_img: JPEG has no transparency, so the fourth channel is left out")
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)


def _import_pillow(owner: str) -> Any:
    return import_extra(owner, "PIL.Image", "images")
