"""California housing: prices of homes in 1990, by district."""

from __future__ import annotations

import numpy as np

from kplug.components.arguments import require_choice
from kplug_datasets.restricted_pickles import read_npz
from kplug_datasets.source_files import Parts, fetch, shuffle, split

__all__ = ["load_data"]

_ROWS_OF = {"small": 600, "large": None}


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> Parts:
    """Return 20,640 districts, of which a share is for tests.

    Args:
        version: ``"large"``, or ``"small"``, which has 600 districts.
        path: The file: a name in Keras's folder of datasets, or a path.
        test_split: The share for tests, from 0 to below 1.
        seed: Seed of the order.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: 8 numbers each, shape (n, 8), and median prices in dollars,
        shape (n,), both float32.

    Raises:
        ArgumentValueError: ``version`` is another, or ``test_split`` is out of range.
        DataError: The file has another hash than Keras's, or cannot be read.
        KplugError: It is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import california_housing
        >>> (x_train, y_train), (x_test, y_test) = california_housing.load_data()  # doctest: +SKIP

    Reference:
        ``keras.datasets.california_housing``. Pace, Barry, "Sparse spatial autoregressions" (1997).
    """
    rows = _ROWS_OF[require_choice("california_housing", "version", version, tuple(_ROWS_OF))]
    arrays = read_npz(fetch("california_housing.npz", path))
    x, y = shuffle(np.random.RandomState(seed), arrays["x"][:rows], arrays["y"][:rows])
    return split("california_housing", test_split, x, y, np.array)
