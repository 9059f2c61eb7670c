"""CIFAR-100: photographs of 32×32 pixels in 100 classes and 20 groups."""

from __future__ import annotations

from kplug.components.arguments import require_choice
from kplug_datasets.cifar import read_batches
from kplug_datasets.source_files import Parts, fetch_cifar

__all__ = ["load_data"]

_KEYS = {"fine": "fine_labels", "coarse": "coarse_labels"}


def load_data(label_mode: str = "fine") -> Parts:
    """Return 50,000 photographs for training and 10,000 for tests.

    The files are pickles; only arrays are read from them.

    Args:
        label_mode: ``"fine"``, which gives one of 100 classes, or ``"coarse"``, one of 20 groups.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures of shape (n, 32, 32, 3), or (n, 3, 32, 32) where
        the data format is channels_first, and labels of shape (n, 1), both uint8.

    Raises:
        ArgumentValueError: ``label_mode`` is another.
        DataError: The archive has another hash than Keras's, or a file in it cannot be read.
        KplugError: It is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import cifar100
        >>> (x_train, y_train), (x_test, y_test) = cifar100.load_data("coarse")  # doctest: +SKIP

    Reference:
        ``keras.datasets.cifar100``, which gives labels in int64. A. Krizhevsky, "Learning multiple layers of
        features from tiny images" (2009).
    """
    key = require_choice("cifar100", "label_mode", label_mode, _KEYS).encode()
    folder = fetch_cifar("cifar-100-python.tar.gz", "cifar-100-python-target")
    folder /= "cifar-100-python"
    return read_batches([folder / "train"], key), read_batches([folder / "test"], key)
