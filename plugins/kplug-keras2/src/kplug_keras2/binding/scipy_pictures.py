"""``scipy.misc``: the image functions that SciPy had until 1.2.

As there, they wrap Pillow's functions for arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["fromimage", "imread", "imresize", "imsave", "toimage"]

_FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}


def _as_bytes(data: Any, low: float, high: float, cmin: Any, cmax: Any) -> Any:
    """Scale numbers to the range low to high; bytes are unchanged."""
    array = np.asarray(data)
    if array.dtype == np.uint8:
        return array
    first = array.min() if cmin is None else cmin
    last = array.max() if cmax is None else cmax
    scaled = (array - first) * ((high - low) / ((last - first) or 1)) + low
    return (np.clip(scaled, low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Any,
    high: float = 255,
    low: float = 0,
    cmin: float | None = None,
    cmax: float | None = None,
    pal: Any = None,  # noqa: ARG001 - SciPy's arguments
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Any:
    """Return a Pillow image of an array, scaled to 0 to 255 unless it contains bytes.

    Args:
        arr: (height, width), or with channels on the first axis of size 3, or else 4.
        high: The value of the largest number.
        low: The value of the smallest number.
        cmin: The number to treat as the smallest.
        cmax: The number to treat as the largest.
        pal: Ignored.
        mode: ``"F"`` keeps the numbers of a gray picture.
        channel_axis: The axis of the channels.

    Raises:
        ValueError: The array is no picture.
    """
    from PIL import Image

    array = np.asarray(arr)
    if array.ndim == 2 and mode == "F":
        return Image.fromarray(array.astype(np.float32))
    if array.ndim == 3:
        axes = [axis for count in (3, 4) for axis in range(3) if array.shape[axis] == count]
        if not axes:
            raise ValueError(
                f"toimage: an array of shape {array.shape} has no axis of 3 or 4 channels"
            )
        array = np.moveaxis(array, axes[0] if channel_axis is None else channel_axis, -1)
    elif array.ndim != 2:
        raise ValueError(
            f"toimage: an array of shape {array.shape} is no picture; it has 2 or 3 axes"
        )
    made = Image.fromarray(np.ascontiguousarray(_as_bytes(array, low, high, cmin, cmax)))
    return made if mode is None else made.convert(mode)


def fromimage(im: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """Return the array of a Pillow image; gray numbers with ``flatten``."""
    converted = im if mode is None else im.convert(mode)
    return np.array(converted.convert("F") if flatten else converted)


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """Return the array of a picture in a file."""
    from PIL import Image

    with Image.open(name) as opened:
        return fromimage(opened, flatten, mode)


def imsave(name: Any, arr: Any, format: str | None = None) -> None:
    """Write an array as a picture, whose channels are on the last axis."""
    axis = 2 if np.ndim(arr) == 3 else None
    toimage(arr, channel_axis=axis).save(name, format=format)


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> Any:
    """Return a picture of another size.

    Args:
        arr: The picture.
        size: Rows and columns, a factor, or a whole number of percent.
        interp: ``nearest``, ``lanczos``, ``bilinear``, ``bicubic`` or ``cubic``.
        mode: As for ``toimage``.
    """
    image = toimage(arr, mode=mode)
    if isinstance(size, (int, float, np.number)):
        factor = size / 100 if isinstance(size, (int, np.integer)) else size
        columns, rows = (int(one * factor) for one in image.size)
    else:
        rows, columns = size
    return fromimage(image.resize((columns, rows), resample=_FILTERS[interp]))
