"""Fashion-MNIST: pictures of clothing, 28×28 pixels."""

from __future__ import annotations

import gzip

import numpy as np

from kplug_datasets.source_files import Parts, Samples, fetch_unhashed

__all__ = ["load_data"]

_LABELS_START, _PIXELS_START = 8, 16  # after the header: a magic number, and the sizes


def load_data() -> Parts:
    """Return 60,000 pieces of clothing for training and 10,000 for tests.

    Classes: T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot. Keras knows no
    hashes of these files.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures of shape (n, 28, 28) and classes of shape (n,),
        both uint8; a pixel is from 0 to 255.

    Raises:
        KplugError: A file is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import fashion_mnist
        >>> (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()  # doctest: +SKIP

    Reference:
        ``keras.datasets.fashion_mnist``. Xiao, Rasul, Vollgraf, "Fashion-MNIST" (2017).
    """
    return _read("train"), _read("t10k")


def _read(part: str) -> tuple[Samples, Samples]:
    labels = _read_bytes(f"{part}-labels-idx1-ubyte.gz", _LABELS_START)
    return _read_bytes(f"{part}-images-idx3-ubyte.gz", _PIXELS_START).reshape(-1, 28, 28), labels


def _read_bytes(name: str, start: int) -> Samples:
    with gzip.open(fetch_unhashed(name, "fashion-mnist"), "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=start)
