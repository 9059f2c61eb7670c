"""Heaps with which HDF5 would go on for ever, in C code that hears no Ctrl-C."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import h5py
import pytest

from kplug import load_model
from kplug.errors import KplugWarning, WeightsError
from kplug.saving.heap_check import HeapCheckedFile
from tests.saving.whole_files import assert_refused, members, write_zip

START = 16  # of the first object; its size stands 8 bytes further
HINT = "\n  Copy or download the file again; what it was saved from may still be there."


def message(place: int) -> str:
    return f"the file is damaged: no way leads through the heap at byte {place}{HINT}"


def free_space(heap: bytes) -> int:
    """Return where the free space begins that a heap ends with."""
    place = START
    while True:
        number, size = struct.unpack_from("<H6xQ", heap, place)
        if number == 0:
            return place
        place += 16 + (size + 7) // 8 * 8


def damage(content: bytes, place: int, number: int) -> bytes:
    changed = bytearray(content)
    changed[place : place + 8] = number.to_bytes(8, "little")
    return bytes(changed)


def test_chain_of_free_places_that_leads_back_is_refused(
    saved: dict[str, bytes], tmp_path: Path
) -> None:
    content, path = saved[".h5"], tmp_path / "m.h5"
    heap = content.index(b"HEAP")
    first, names = struct.unpack_from("<16xQQ", content, heap)
    path.write_bytes(damage(content, names + first, first))
    assert_refused(path, message(heap))


@pytest.mark.parametrize(
    ("where", "size"),
    [
        ("object", (1 << 64) - 16),  # one step of 0 bytes
        ("object", (1 << 64) - 32),  # one step back
        ("free", 0),
        ("free", 8),  # it counts its own header of 16 bytes
        ("heap", 1 << 63),
    ],
)
def test_sizes_that_lead_nowhere_are_refused(
    saved: dict[str, bytes], tmp_path: Path, where: str, size: int
) -> None:
    content = saved[".h5"]
    heap = content.index(b"GCOL")
    free = heap + free_space(content[heap:])
    place = {"heap": heap + 8, "object": heap + START + 8, "free": free + 8}[where]
    path = tmp_path / "m.h5"
    path.write_bytes(damage(content, place, size))
    assert_refused(path, message(heap))


def test_heap_with_the_component_table_costs_the_table(
    saved: dict[str, bytes], tmp_path: Path
) -> None:
    content = members(saved[".keras"])
    weights = io.BytesIO(content["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        file.attrs["kplug_components"] = "text of any length"
    heap = weights.getvalue().rindex(b"GCOL")  # of the text
    content["model.weights.h5"] = damage(weights.getvalue(), heap + START + 8, (1 << 64) - 16)
    path = write_zip(tmp_path / "m.keras", content)
    with pytest.warns(KplugWarning) as caught:
        load_model(path)
    assert str(caught[0].message) == f"{path}: {message(heap)}"


def test_whole_heaps_are_read(tmp_path: Path) -> None:
    path, texts = tmp_path / "a.h5", [str(number) * number for number in range(1, 400)]
    with h5py.File(path, "w") as file:
        file.create_dataset("odd", data=b"odd")  # what follows begins at any byte
        file.attrs["texts"], file.attrs["long"] = texts, "x" * 100_000
    with path.open("rb", buffering=0) as raw, h5py.File(HeapCheckedFile(raw), "r") as file:
        assert list(file.attrs["texts"]) == texts
        assert len(file.attrs["long"]) == 100_000
    assert path.read_bytes().count(b"GCOL") > 2


def test_weights_that_look_like_a_heap_are_weights(tmp_path: Path) -> None:
    file = HeapCheckedFile(io.BytesIO(b"GCOL" + bytes(100)))
    file.seek(0)
    assert file.read(20) == b"GCOL" + bytes(16)


def test_other_sizes_of_addresses_are_refused(tmp_path: Path) -> None:
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_sizes(4, 4)
    path = tmp_path / "m.h5"
    h5py.h5f.create(bytes(path), h5py.h5f.ACC_TRUNC, creation).close()
    assert_refused(path, "its addresses and sizes have 4 and 4 bytes, where all writers use 8")


def test_heap_that_ends_with_the_file() -> None:
    file = HeapCheckedFile(io.BytesIO(b"GCOL\x01\0\0\0" + b"\xff" * 8))
    file.seek(0)
    with pytest.raises(WeightsError):
        file.read(16)
