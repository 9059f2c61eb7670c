"""Boston housing: prices of homes, and features of their neighbourhoods."""

from __future__ import annotations

import numpy as np

from kplug_datasets.restricted_pickles import read_npz
from kplug_datasets.source_files import Parts, fetch, shuffle, split

__all__ = ["load_data"]


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Parts:
    """Return 506 neighbourhoods, of which a share is for tests.

    The data set has a measure of the share of Black residents that its authors meant as a cause of prices;
    ``california_housing`` serves the same purpose without it.

    Args:
        path: The file: a name in Keras's folder of datasets, or a path.
        test_split: The share for tests, from 0 to below 1.
        seed: Seed of the order.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: 13 numbers each, shape (n, 13), and prices in 1,000 dollars,
        shape (n,), both float64.

    Raises:
        ArgumentValueError: ``test_split`` is out of range.
        DataError: The file has another hash than Keras's, or cannot be read.
        KplugError: It is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import boston_housing
        >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()  # doctest: +SKIP

    Reference:
        ``keras.datasets.boston_housing``. Harrison, Rubinfeld, "Hedonic housing prices" (1978).
    """
    arrays = read_npz(fetch("boston_housing.npz", path))
    x, y = shuffle(np.random.RandomState(seed), arrays["x"], arrays["y"])
    return split("boston_housing", test_split, x, y, np.array)
