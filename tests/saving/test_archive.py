"""Archives that do not fit or cannot be trusted: a typed error, little time, little memory."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kplug import load_model
from kplug.errors import WeightsError
from tests.saving.whole_files import assert_refused, make, members, write_zip


def test_archive_of_something_else(tmp_path: Path) -> None:
    assert_refused(
        write_zip(tmp_path / "m.keras", {"a.txt": b"x"}),
        "this zip archive is no Keras model: it has no 'config.json', but 'a.txt'\n"
        "  A '.keras' file is written by model.save; other archives are not read.",
    )


def test_changed_weight_in_an_archive_is_found(saved: Any, tmp_path: Path) -> None:
    content = bytearray(saved[".keras"])
    kernel = bytes(make().get_weights()[0].dtype.itemsize)
    place = content.find(b"\x89HDF") + 3000 + len(kernel)
    content[place] ^= 1
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(WeightsError, match="damaged or no zip archive: Bad CRC-32"):
        load_model(tmp_path / "m.keras")


def test_bomb_among_the_texts(saved: Any, tmp_path: Path) -> None:
    parts = members(saved[".keras"])
    bomb = {**parts, "config.json": b" " * (65 << 20)}
    assert_refused(
        write_zip(tmp_path / "m.keras", bomb, zipfile.ZIP_DEFLATED),
        "config.json has 68157440 bytes; at most 67108864 are read",
    )


def test_bomb_among_the_weights(saved: Any, tmp_path: Path) -> None:
    parts = members(saved[".keras"])
    bomb = {**parts, "model.weights.h5": bytes(64 << 20)}
    path = write_zip(tmp_path / "m.keras", bomb, zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match=r"would grow from \d+ to 67108864 bytes, more than 100"):
        load_model(path)


def test_compressed_archive_is_read(saved: Any, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.keras", members(saved[".keras"]), zipfile.ZIP_DEFLATED)
    assert load_model(path).count_params() == 13


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..\\x", "C:/x"])
def test_member_outside_the_archive(saved: Any, name: str, tmp_path: Path) -> None:
    assert_refused(
        write_zip(tmp_path / "m.keras", {**members(saved[".keras"]), name: b"x"}),
        f"the archive's member {name!r} would lie outside its folder",
    )


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_member_that_stands_twice(saved: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    write_zip(path, members(saved[".keras"]))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", b"{}")
    assert_refused(path, "the archive holds 'config.json' twice, so what it means is unclear")


def test_hundred_thousand_members(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    entry = struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", *[0] * 9, 8, *[0] * 6) + b"x" * 8
    directory = entry * 100_000
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    path.write_bytes(directory + end)
    assert_refused(
        path,
        f"the list of the archive's members has {len(directory)} bytes; at most 1048576 are read",
    )


def test_encrypted_member(saved: Any, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.keras", members(saved[".keras"]))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset] |= 1
            place = content.find(signature, place + 4)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged or no zip archive: .* is encrypted"):
        load_model(path)
