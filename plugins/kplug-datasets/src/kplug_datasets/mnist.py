"""MNIST: handwritten digits of 28×28 pixels."""

from __future__ import annotations

from kplug_datasets.restricted_pickles import read_npz
from kplug_datasets.source_files import Parts, fetch

__all__ = ["load_data"]


def load_data(path: str = "mnist.npz") -> Parts:
    """Return 60,000 digits for training and 10,000 for tests.

    Args:
        path: The file: a name in Keras's folder of datasets, or a path.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures of shape (n, 28, 28) and digits of shape (n,), both
        uint8; a pixel is from 0 to 255.

    Raises:
        DataError: The file has another hash than Keras's, or cannot be read.
        KplugError: It is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import mnist
        >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()  # doctest: +SKIP

    Reference:
        ``keras.datasets.mnist``. Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
    """
    arrays = read_npz(fetch("mnist.npz", path))
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
