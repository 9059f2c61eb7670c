"""Whole-model HDF5 files as Keras 2 and tf-keras write them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

Array = npt.NDArray[Any]


def write(
    path: Path, model: dict[str, Any], weights: dict[str, Sequence[Array]], version: str = "2.2.4"
) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(model).encode()
        group = file.create_group("model_weights")
        group.attrs["keras_version"] = version.encode()
        group.attrs["layer_names"] = np.asarray([name.encode() for name in weights])
        for name, arrays in weights.items():
            inner = group.create_group(name)
            names = [f"{name}/weight_{number}:0" for number in range(len(arrays))]
            inner.attrs["weight_names"] = np.asarray([each.encode() for each in names])
            for each, array in zip(names, arrays, strict=True):
                inner[each] = array
    return path


@pytest.fixture
def write_old() -> Callable[..., Path]:
    """Return what writes a file of a path, a model's entry, weights by layer, and Keras's version."""
    return write
