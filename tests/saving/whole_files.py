"""Whole-model files for tests of what is refused."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug import Sequential, layers, load_model
from kplug.errors import KplugError, WeightsError


def make() -> Any:
    model = Sequential(
        [layers.Dense(3, input_dim=2, name="a"), layers.Dense(1, name="b")], name="m"
    )
    model.compile("adam", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    return model


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(path: Path, content: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def assert_refused(path: Path, message: str, error: type[KplugError] = WeightsError) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(error) as caught:
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 256 << 20
    finally:
        tracemalloc.stop()
    assert str(caught.value) == f"{path}: {message}"
