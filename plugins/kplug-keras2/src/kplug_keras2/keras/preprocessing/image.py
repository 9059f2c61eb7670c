"""``keras.preprocessing.image`` of Keras 2, from keras-preprocessing and kplug.

Keras 2 itself imported it from keras-preprocessing. That package is unmaintained, but runs on today's
NumPy and Pillow; it uses a deprecated name of a SciPy function.
"""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import keras_preprocessing

from kplug import backend as K, utils

# Before the next import: its iterators become indexable datasets for `fit`.
keras_preprocessing.set_keras_submodules(backend=K, utils=utils)

from keras_preprocessing import image  # noqa: E402
from keras_preprocessing.image import (  # noqa: E402
    DataFrameIterator,
    DirectoryIterator,
    Iterator,
    NumpyArrayIterator,
    affine_transformations,
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)

from kplug.utils import array_to_img, img_to_array, load_img, save_img  # noqa: E402

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
]


def _use_present_names() -> None:
    """Redirect the transformations to the present name of SciPy's function."""
    ndimage = getattr(affine_transformations, "ndimage", None)  # missing without SciPy
    if ndimage is not None:
        affine_transformations.ndimage = SimpleNamespace(interpolation=ndimage)


_use_present_names()


class ImageDataGenerator(image.ImageDataGenerator):  # type: ignore[misc]  # it has no types
    """Batches of pictures with random changes, from arrays, folders or a table of files.

    Args:
        *args: Arguments of Keras 2's ``ImageDataGenerator``.
        **kwargs: The same by name. ``data_format`` defaults to ``K.image_data_format()``, and
            ``dtype`` to ``K.floatx()``.

    Example:
        >>> import numpy as np
        >>> images = np.arange(12.0).reshape(2, 2, 3, 1)
        >>> flow = ImageDataGenerator(rescale=0.5).flow(images, batch_size=2, shuffle=False)
        >>> next(flow)[1, 0, :, 0]
        array([3. , 3.5, 4. ], dtype=float32)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = {name: value for name, value in _bind(args, kwargs).items() if value is not None}
        super().__init__(**{"data_format": K.image_data_format(), "dtype": K.floatx(), **given})


def _bind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a constructor by their names."""
    found = inspect.signature(image.ImageDataGenerator).bind(*args, **kwargs)
    return dict(found.arguments)
