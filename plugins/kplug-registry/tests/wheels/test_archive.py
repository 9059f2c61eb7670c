"""Zip bombs and path traversal are refused before anything is unpacked."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kplug_registry.errors import WheelError
from kplug_registry.wheels import read_wheel
from kplug_registry.wheels.archive import LIMITS, WheelArchive

MakeWheel = Callable[..., Path]


def add(path: Path, name: str, content: bytes = b"", attributes: int = 0) -> None:
    member = zipfile.ZipInfo(name)
    member.external_attr = attributes
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "a/../../evil.py",
        "/etc/passwd",
        "C:evil.py",
        "a\\..\\evil.py",
        "a\nb",
        "a\x1b[2J",
    ],
)
def test_a_member_that_could_be_written_elsewhere_is_refused(
    make_wheel: MakeWheel, name: str
) -> None:
    path = make_wheel()
    add(path, name)
    with pytest.raises(WheelError, match="could be written outside of a folder"):
        read_wheel(path)


@pytest.mark.parametrize(
    "name",
    [
        "torch./x.py",
        "torch /x.py",
        "torch.../x.py",
        "MATPLO~1/x.py",
        "waves/SITECU~1.PY",
        "./x.py",
        "a//x.py",
    ],
)
def test_a_path_that_is_another_path_elsewhere_is_refused(make_wheel: MakeWheel, name: str) -> None:
    path = make_wheel()
    add(path, name)
    with pytest.raises(WheelError, match="is another path on some systems"):
        read_wheel(path)


def test_names_that_only_look_short_are_taken(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    for name in ("kplug_waves/", "kplug_waves/waves.py.~1~", "kplug_waves/~x", "kplug_waves/.x"):
        add(path, name)
    with WheelArchive(path) as archive:
        assert "kplug_waves/.x" in archive.names


def test_a_symbolic_link_is_refused(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    add(path, "kplug_waves/link", b"/etc/passwd", 0o120777 << 16)
    with pytest.raises(WheelError, match="'kplug_waves/link' is a symbolic link"):
        read_wheel(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["kplug_waves/__init__.py", "Kplug_Waves/__INIT__.py"])
def test_a_member_that_is_there_twice_is_refused(make_wheel: MakeWheel, name: str) -> None:
    path = make_wheel()
    add(path, name, b"import os")
    with pytest.raises(WheelError, match="twice"):
        read_wheel(path)


def test_a_member_that_is_there_in_two_compositions_is_refused(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    for name in (
        "kplug_waves/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "kplug_waves/e\N{COMBINING ACUTE ACCENT}",
    ):
        add(path, name)
    with pytest.raises(WheelError, match="twice"):
        read_wheel(path)


def test_a_bomb_is_refused_before_it_is_unpacked(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    add(path, "kplug_waves/bomb.bin", bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(WheelError, match=r"unpack to 671\d+, which no wheel of code does"):
            read_wheel(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_member_that_is_longer_than_it_says_is_refused(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    add(path, "kplug_waves/long.bin", b"x" * 5000)
    data = bytearray(path.read_bytes())
    size = struct.pack("<I", 5000)
    while (at := data.find(size)) >= 0:  # the sizes in both headers
        data[at : at + 4] = struct.pack("<I", 10)
    path.write_bytes(data)
    with (
        WheelArchive(path) as archive,
        pytest.raises(WheelError, match=r"long\.bin cannot be read"),
    ):
        archive.read("kplug_waves/long.bin")


def test_files_that_overlap_are_refused(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(2000):
            copy = zipfile.ZipInfo(f"kplug_waves/copy{number}")
            for fact in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(copy, fact, getattr(infos[0], fact))
            archive.filelist.append(copy)
        archive._didModify = True  # type: ignore[attr-defined]  # have the list of files written
    with pytest.raises(WheelError, match=r"its files .* overlap"):
        read_wheel(path)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (replace(LIMITS, file=100), "it is larger than 100 bytes"),
        (replace(LIMITS, entries=2), "it has more than 2 files"),
        (replace(LIMITS, text=10), "METADATA is larger than 10 bytes"),
        (replace(LIMITS, python=10), "its Python files have 61 bytes, and 10 are allowed"),
    ],
)
def test_a_wheel_beyond_a_limit_is_refused(
    make_wheel: MakeWheel, limits: object, message: str
) -> None:
    with pytest.raises(WheelError, match=message):
        read_wheel(make_wheel(), (), limits)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kplug_waves-1.0-py3-none-any.whl"
    path.write_bytes(content)
    with pytest.raises(
        WheelError, match=r"kplug_waves-1\.0-py3-none-any\.whl: it cannot be opened"
    ):
        read_wheel(path)


def test_a_wheel_that_was_cut_off_is_refused(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    data = path.read_bytes()
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(WheelError):
            read_wheel(path)
