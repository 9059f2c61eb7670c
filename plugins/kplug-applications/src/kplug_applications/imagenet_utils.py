"""Preprocessing of pictures for ImageNet weights, and the names of ImageNet's classes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from kplug import config, ops
from kplug.components.arguments import require_choice
from kplug.errors import DataError
from kplug.utils import get_file

__all__ = ["decode_predictions", "preprocess_input"]

_CLASSES = 1000
_NAMES = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
_NAMES_MD5 = "c2c37ea517e94d9795004a39431a14cb"
_FORMATS = ("channels_last", "channels_first")

# What is subtracted and what is divided by, in the order of the channels after it.
_CAFFE = (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)
_TORCH = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Return pictures as the weights of ImageNet were trained on them.

    ``caffe``: x[…, ::-1] − (103.939, 116.779, 123.68). ``tf``: x / 127.5 − 1. ``torch``: (x / 255 − μ) / σ
    with μ = (0.485, 0.456, 0.406), σ = (0.229, 0.224, 0.225).

    Args:
        x: Pictures of shape (…, height, width, 3), or channels first; an array, a tensor or a symbolic tensor
            with values from 0 to 255.
        data_format: ``"channels_last"`` or ``"channels_first"``; ``None`` is K's.
        mode: ``"caffe"``, ``"tf"`` or ``"torch"``.

    Returns:
        Pictures of the same shape; integers become K's float type.

    Raises:
        ArgumentValueError: ``mode`` or ``data_format`` is another.

    Example:
        >>> preprocess_input(np.full((1, 1, 3), 255), mode="tf").ravel().tolist()
        [1.0, 1.0, 1.0]

    Reference:
        ``keras.applications.imagenet_utils.preprocess_input``, which writes into the array that it is given.
    """
    require_choice("preprocess_input", "mode", mode, ("caffe", "tf", "torch"))
    chosen = require_choice(
        "preprocess_input", "data_format", data_format or config.image_data_format(), _FORMATS
    )
    if isinstance(x, np.ndarray) and x.dtype.kind != "f":
        x = x.astype(config.floatx())
    if mode == "tf":
        return x / 127.5 - 1.0
    library: Any = np if isinstance(x, np.ndarray) else ops
    is_first = chosen == "channels_first"
    x = x / 255.0 if mode == "torch" else library.flip(x, -3 if is_first else -1)
    shape = (3, 1, 1) if is_first else (3,)
    dtype = x.dtype if library is np else config.floatx()
    constants = _TORCH if mode == "torch" else _CAFFE
    mean, deviation = (np.array(each, dtype).reshape(shape) for each in constants)
    return library.divide(library.subtract(x, mean), deviation)


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """Return the likeliest classes of ImageNet by their names.

    Args:
        preds: Probabilities of shape (samples, 1000).
        top: How many classes are returned for each sample.

    Returns:
        For each sample a list of (WordNet's number, name, probability), the likeliest first.

    Raises:
        DataError: The shape is another.
        KplugError: Keras's file of names is not in its cache folder and cannot be downloaded.

    Example:
        >>> decode_predictions(np.zeros((1, 1000)), top=1)  # doctest: +SKIP
        [[('n15075141', 'toilet_tissue', 0.0)]]

    Reference:
        ``keras.applications.imagenet_utils.decode_predictions``.
    """
    values = np.asarray(preds.detach().cpu() if isinstance(preds, torch.Tensor) else preds)
    if values.ndim != 2 or values.shape[1] != _CLASSES:
        raise DataError(
            f"decode_predictions got predictions of shape {values.shape}",
            hint="Predictions of ImageNet have shape (samples, 1000).",
        )
    file = "imagenet_class_index.json"
    path = get_file(file, _NAMES, cache_subdir="models", md5_hash=_NAMES_MD5)
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - a path as text
        names = json.load(stream)
    return [
        [(*names[str(place)], row[place]) for place in row.argsort()[-top:][::-1]] for row in values
    ]
