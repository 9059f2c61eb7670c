"""Downloads the files of the datasets, checks their hashes, and splits the samples."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kplug.components.arguments import require_number
from kplug.utils import get_file

Samples: TypeAlias = "NDArray[Any]"
Parts: TypeAlias = "tuple[tuple[Samples, Samples], tuple[Samples, Samples]]"

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"

# SHA-256, or MD5 where Keras knows no other.
HASHES = {
    "boston_housing.npz": "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    "california_housing.npz": "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    "cifar-100-python.tar.gz": "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    "imdb.npz": "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "imdb_word_index.json": "bfafd718b763782e994055a2d397834f",
    "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    "reuters.npz": "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    "reuters_word_index.json": "4d44cc38712099c9e383dc6e5f11a921",
}


def fetch(name: str, path: str | os.PathLike[str]) -> str:
    """Return the path of a file of Keras's, downloading it if missing.

    Args:
        name: Its name at the origin.
        path: Its local place: a name in Keras's folder of datasets, or a path.
    """
    place = Path(path).expanduser()
    origin, known = _KERAS + name, HASHES[name]
    if place.is_absolute():
        return get_file(
            place.name, origin, file_hash=known, cache_dir=place.parent, cache_subdir=""
        )
    return get_file(path, origin, file_hash=known)


def fetch_unhashed(name: str, folder: str) -> str:
    """Return the path of a file of which Keras knows no hash."""
    return get_file(name, _KERAS + name, cache_subdir=f"datasets/{folder}")


def fetch_cifar(name: str, folder: str) -> Path:
    """Return the folder of an unpacked archive of CIFAR, under Keras's name for it."""
    made = get_file(folder, f"{_CIFAR}{name}", extract=True, file_hash=HASHES[name])
    return Path(made)


def shuffle(generator: np.random.RandomState, x: Samples, y: Samples) -> tuple[Samples, Samples]:
    """Return samples and targets shuffled alike, in Keras's order for the same generator."""
    order = np.arange(len(x))
    generator.shuffle(order)
    return x[order], y[order]


def split(owner: str, test_split: float, x: Any, y: Samples, make: Callable[..., Samples]) -> Parts:
    """Return the samples before and after a share of them."""
    require_number(
        owner, "test_split", test_split, "a number from 0 to below 1", at_least=0, below=1
    )
    first = int(len(x) * (1 - test_split))
    return (make(x[:first]), y[:first]), (make(x[first:]), y[first:])
