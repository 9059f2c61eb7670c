"""Attributes that claim to be longer than any model's are refused before they are read."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kplug.errors import WeightsError
from kplug.saving import text_attributes
from kplug.saving.hdf5 import opened
from kplug.saving.provenance import read_components
from kplug.saving.text_attributes import read_names, read_text

TEXT = "some text " * 20
OPTIONS: list[dict[str, Any]] = [
    {},
    {"libver": "latest"},
    {"libver": "latest", "track_order": True},
    {"libver": "latest", "userblock_size": 1024},
]


def write(path: Path, name: str, value: Any, others: int = 0, **options: Any) -> Path:
    """Write a file whose root and group have an attribute, after as many others."""
    with h5py.File(path, "w", **options) as file:
        for group in (file, file.create_group("group")):
            for number in range(others):
                group.attrs[f"before{number}"] = "x" * 50
            group.attrs[name] = value
    return path


@pytest.mark.parametrize("others", [0, 5, 40])
@pytest.mark.parametrize("options", OPTIONS)
def test_texts_are_read(tmp_path: Path, options: dict[str, Any], others: int) -> None:
    path = write(tmp_path / "a.h5", "it", TEXT, others, **options)
    write(tmp_path / "names.h5", "it", ["a", "b" * 1000], others, **options)
    with opened(path) as file, opened(tmp_path / "names.h5") as names:
        assert read_text(file, "it") == read_text(file["group"], "it") == TEXT
        assert read_names(names["group"], "it") == ["a", "b" * 1000]


@pytest.mark.parametrize("others", [0, 5])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("read", [read_text, read_names, read_components])
def test_texts_that_are_longer_than_any_models_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], others: int, read: Any
) -> None:
    monkeypatch.setattr(text_attributes, "MOST_NAME_BYTES", 100)
    name = "kplug_components" if read is read_components else "it"
    value = ["a" * 50, "b" * 51] if read is read_names else "a" * 101
    with opened(write(tmp_path / "a.h5", name, value, others, **options)) as file:
        for group in (file, file["group"]):
            with pytest.raises(WeightsError) as caught:
                read(group) if read is read_components else read(group, name)
            assert str(caught.value) == (
                f"the attribute {name!r} of {group.name!r} announces 101 bytes; at most 100 are read\n"
                "  Copy or download the file again; what it was saved from may still be there."
            )


def test_text_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", "it", "a" * 77)
    content = path.read_bytes()
    assert content.count(struct.pack("<I", 77)) == 4  # two references, two texts in the heap
    path.write_bytes(content.replace(struct.pack("<I", 77), struct.pack("<I", 0xFFFF_FFF0), 1))
    with opened(path) as file, pytest.raises(WeightsError, match="announces 4294967280 bytes"):
        read_text(file, "it")


def test_bytes_that_are_longer_than_any_models_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        file.attrs.create("it", np.bytes_(b"x"), dtype="S67108865")
    with (
        opened(tmp_path / "a.h5") as file,
        pytest.raises(WeightsError, match="'it' of '/' announces 67108865 bytes"),
    ):
        read_text(file, "it")
