"""CIFAR-10: photographs of 32×32 pixels in 10 classes."""

from __future__ import annotations

from kplug_datasets.cifar import read_batches
from kplug_datasets.source_files import Parts, fetch_cifar

__all__ = ["load_data"]


def load_data() -> Parts:
    """Return 50,000 photographs for training and 10,000 for tests.

    Classes: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck. The files are pickles; only
    arrays are read from them.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures of shape (n, 32, 32, 3), or (n, 3, 32, 32) where
        the data format is channels_first, and classes of shape (n, 1), both uint8.

    Raises:
        DataError: The archive has another hash than Keras's, or a file in it cannot be read.
        KplugError: It is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import cifar10
        >>> (x_train, y_train), (x_test, y_test) = cifar10.load_data()  # doctest: +SKIP

    Reference:
        ``keras.datasets.cifar10``. A. Krizhevsky, "Learning multiple layers of features
        from tiny images" (2009).
    """
    folder = fetch_cifar("cifar-10-python.tar.gz", "cifar-10-batches-py-target")
    folder /= "cifar-10-batches-py"
    batches = [folder / f"data_batch_{number}" for number in range(1, 6)]
    return read_batches(batches, b"labels"), read_batches([folder / "test_batch"], b"labels")
