"""``keras.preprocessing.image``: reads, writes, converts and resizes images."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug import ops
from kplug.backend import to_tensor
from kplug.components.arguments import require_size
from kplug.errors import DataError
from kplug.utils import (
    array_to_img as array_to_img,
    img_to_array as img_to_array,
    load_img as load_img,
    save_img as save_img,
)

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]


def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
) -> Any:
    """Resize pictures without distortion: crop them to the new aspect ratio first.

    Args:
        x: Shape (height, width, channels), or (N, height, width, channels).
        size: The new (height, width).
        interpolation: ``"bilinear"``, ``"nearest"`` or ``"bicubic"``.
        data_format: ``"channels_last"``, or ``"channels_first"`` for channels before height and width.

    Returns:
        A NumPy array, or a tensor if ``x`` is one.

    Raises:
        DataError: ``x`` has another number of axes.

    Example:
        >>> import numpy as np
        >>> smart_resize(np.zeros((340, 500, 3), "float32"), (200, 200)).shape
        (200, 200, 3)

    Reference:
        ``keras.preprocessing.image.smart_resize``.
    """
    tensor = to_tensor(x)
    if tensor.ndim not in (3, 4):
        raise DataError(
            f"smart_resize: pictures have 3 or 4 axes, and these the shape {tuple(tensor.shape)}"
        )
    pair = require_size("smart_resize", "size", size)
    given = tensor if tensor.is_floating_point() else tensor.to(torch.float32)
    options: dict[str, Any] = {"data_format": data_format, "crop_to_aspect_ratio": True}
    made = ops.image.resize(given, pair, interpolation, **options)
    return made if isinstance(x, Tensor) else made.numpy()
