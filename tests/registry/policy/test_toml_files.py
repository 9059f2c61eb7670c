"""A TOML file that somebody else wrote."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kplug.errors import PolicyError
from kplug.registry.policy.toml_files import parse_toml, read_bytes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pyproject.toml"


def _fail(call: Callable[[], object]) -> str:
    with pytest.raises(PolicyError) as caught:
        call()
    return str(caught.value)


def test_what_stands_there_is_read(file: Path) -> None:
    file.write_bytes(b"a = 1\r\n")
    assert read_bytes(file) == b"a = 1\r\n"


def test_no_file_is_none(file: Path) -> None:
    assert read_bytes(file) is None


def _make_folder(file: Path) -> None:
    file.mkdir()


def _make_loop(file: Path) -> None:
    file.symlink_to(file)


def _make_link_to_nothing(file: Path) -> None:
    file.symlink_to(file.with_name("gone"))


def _make_pipe(file: Path) -> None:
    os.mkfifo(file)


def _make_device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def _make_large(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate((16 << 20) + 1)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and links of POSIX")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_make_folder, "Is a directory"),
        (_make_loop, "Too many levels of symbolic links"),
        (_make_link_to_nothing, "it is a link to nothing"),
        (_make_pipe, "it is no regular file"),
        (_make_device, "it is no regular file"),
        (_make_large, "it has more than 16 MiB"),
    ],
)
def test_something_that_is_no_file_to_read(
    file: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(file)
    assert _fail(lambda: read_bytes(file)) == f"{file} cannot be read: {reason}\n  Mend the file."


def test_a_file_that_may_not_be_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(os, "open", refuse)  # root may read every file
    expected = f"{file} cannot be read: Permission denied\n  Mend the file."
    assert _fail(lambda: read_bytes(file)) == expected


@pytest.mark.parametrize("data", [b"a = 1", b"\xef\xbb\xbfa = 1", b"a = 1\r\n"])
def test_tables(file: Path, data: bytes) -> None:
    assert parse_toml(file, data) == {"a": 1}


@pytest.mark.parametrize(
    ("data", "reason"),  # the beginning of it: parsers differ in their words
    [
        ("a = 1".encode("utf-16"), "it is not in UTF-8, but seems to be in UTF-16"),
        ("a = 1".encode("utf-16-le"), "it is not in UTF-8, but seems to be in UTF-16"),
        (b"\xfe\xff", "it is not in UTF-8, but seems to be in UTF-16"),
        (b"a = '\xe4'", "byte 5 is not in UTF-8"),
        (b"a = ", ""),
        (b"[a\n", ""),
        (b"#" * ((256 << 10) + 1), "it has more than 256 KiB"),
        (b"a" + b".a" * 1001 + b"=1", "a line has more than 1000 dots"),
        (b"a=" + b"[" * 100_000, ""),
    ],
)
def test_what_is_no_toml(file: Path, data: bytes, reason: str) -> None:
    message = _fail(lambda: parse_toml(file, data))
    assert re.fullmatch(
        rf"{re.escape(f'{file} cannot be read: {reason}')}.*\n  Mend the file\.", message
    )
