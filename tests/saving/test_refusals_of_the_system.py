"""Errors of the operating system: full disks, missing permissions, paths that cannot exist."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from kplug import load_model
from kplug.errors import WeightsError
from kplug.saving.archive import _Window
from kplug.saving.hdf5 import get_dataset, opened_stream
from tests.saving.whole_files import assert_refused, make

FULL = (
    ": the file cannot be written: {}\n"
    "  Check the free space and the permissions of the folder; nothing was replaced."
)
UNREADABLE = (
    "the file cannot be read: Permission denied\n"
    "  Check the permissions of the file and of its folders."
)


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit files to 1 KiB; the system reports the limit as it reports a full disk.

    This is no fixture, whose limit would hold for the file to which pytest's own output goes, too.
    """
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("save", "m.keras"),
        ("save", "m.h5"),
        ("save_weights", "w.h5"),
        ("save_weights", "m.weights.h5"),
        ("save_weights", "m.safetensors"),
        ("save_state", "state"),
    ],
)
def test_full_disk(method: str, name: str, tmp_path: Path) -> None:
    model, path = make(), tmp_path / name
    with full_disk(), pytest.raises(WeightsError) as caught:
        getattr(model, method)(path)
    start, end = (str(path) + FULL).split("{}")
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(end)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.weights.h5", "m.safetensors"])
def test_file_that_may_not_be_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = make(), tmp_path / name
    is_whole = name in ("m.keras", "m.h5")
    (model.save if is_whole else model.save_weights)(path)
    # Root may read any file, so the permission itself cannot be tested everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    if is_whole:
        assert_refused(path, UNREADABLE)
    with pytest.raises(WeightsError) as caught:
        model.load_weights(path)
    assert str(caught.value) == f"{path}: {UNREADABLE}"


def test_folder_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    assert_refused(tmp_path / "m.keras", UNREADABLE)


def test_path_that_no_file_can_have() -> None:
    with pytest.raises(WeightsError, match="there is no such file"):
        load_model("a\0b.keras")


def test_data_beyond_what_a_file_can_have() -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["x"] = np.arange(8.0)
        place = file["x"].id.get_offset().to_bytes(8, "little")
    bytes_ = content.getvalue()
    assert bytes_.count(place) == 1
    damaged = bytes_.replace(place, ((1 << 64) - 8).to_bytes(8, "little"))
    window = _Window(io.BytesIO(damaged), 0, len(damaged))
    with pytest.raises(WeightsError, match="truncated or damaged"), opened_stream(window) as file:
        get_dataset(file, "x")[()]
