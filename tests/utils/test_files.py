"""Files from the network: kept where Keras keeps them, checked by their hashes, unpacked inside a folder."""

from __future__ import annotations

import gc
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keras
import pytest

from kplug.errors import ArgumentValueError, DataError, KplugError
from kplug.utils import get_file

TEXT = b"what is in the file"
SHA256, MD5 = hashlib.sha256(TEXT).hexdigest(), hashlib.md5(TEXT).hexdigest()
NOWHERE = "http://127.0.0.1:9/a.txt"  # the port of discarded data, where nobody answers


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "a.txt").write_bytes(TEXT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


def _keep(folder: Path, content: bytes = TEXT) -> Path:
    path = folder / "datasets" / "a.txt"
    path.parent.mkdir()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("arguments", [{}, {"file_hash": SHA256}, {"md5_hash": MD5}], ids=str)
def test_a_file_is_downloaded_once(
    arguments: dict[str, Any], site: tuple[str, Path], tmp_path: Path
) -> None:
    path = get_file(origin=f"{site[0]}/a.txt", cache_dir=tmp_path, **arguments)
    assert Path(path) == tmp_path / "datasets" / "a.txt"
    assert Path(path).read_bytes() == TEXT
    assert get_file("a.txt", NOWHERE, cache_dir=tmp_path, **arguments) == path
    assert [one.name for one in Path(path).parent.iterdir()] == ["a.txt"]


def test_the_folder_is_that_of_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = _keep(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert Path(get_file("a.txt", NOWHERE)) == kept
    theirs = keras.utils.get_file("a.txt", NOWHERE, cache_dir=str(tmp_path))
    assert Path(theirs) == kept


def test_a_file_with_another_hash_is_left_alone(tmp_path: Path) -> None:
    kept = _keep(tmp_path, b"something else")
    with pytest.raises(DataError) as caught:
        get_file("a.txt", NOWHERE, cache_dir=tmp_path, file_hash=SHA256)
    assert str(caught.value) == (
        f"get_file: {kept} has another sha256 than {SHA256}; it is left as it is\n"
        "  It may be incomplete, or of another version. Remove it, or pass force_download=True."
    )
    assert kept.read_bytes() == b"something else"


def test_a_download_with_another_hash_is_not_kept(site: tuple[str, Path], tmp_path: Path) -> None:
    kept = _keep(tmp_path, b"the former one")
    with pytest.raises(KplugError, match=r"cannot be downloaded: .*hash"):
        get_file(
            origin=f"{site[0]}/a.txt", cache_dir=tmp_path, file_hash="0" * 64, force_download=True
        )
    assert kept.read_bytes() == b"the former one"
    assert list(kept.parent.iterdir()) == [kept]


def test_a_download_may_be_forced(site: tuple[str, Path], tmp_path: Path) -> None:
    kept = _keep(tmp_path, b"the former one")
    get_file(origin=f"{site[0]}/a.txt", cache_dir=tmp_path, file_hash=SHA256, force_download=True)
    assert kept.read_bytes() == TEXT


@pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning"
)  # of requests, which pooch downloads with
@pytest.mark.parametrize("address", ["{site}/missing.txt", NOWHERE, "gopher://a/missing.txt"])
def test_what_cannot_be_downloaded_says_where_to_put_it(
    address: str, site: tuple[str, Path], tmp_path: Path
) -> None:
    origin = address.format(site=site[0])
    with pytest.raises(KplugError) as caught:
        get_file(origin=origin, cache_dir=tmp_path)
    assert str(caught.value).startswith(f"get_file: {origin} cannot be downloaded: ")
    place = tmp_path / "datasets" / origin.rpartition("/")[2]
    assert str(caught.value).endswith(f"Without a network, copy the file to {place}.")
    assert not list(place.parent.iterdir())
    del caught
    gc.collect()  # here, where the warning is expected


def _write_tar(path: Path, *names: str) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(TEXT)
            archive.addfile(member, io.BytesIO(TEXT))


def _write_zip(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)


@pytest.mark.parametrize(
    ("name", "write", "fname", "arguments", "folder"),
    [
        ("a.tar.gz", _write_tar, None, {"extract": True}, "a.tar.gz"),
        ("a.tar.gz", _write_tar, "b.tar.gz", {"extract": True}, "b_extracted"),
        ("a.tar.gz", _write_tar, "b", {"untar": True}, "b"),
        ("a.zip", _write_zip, "b", {"extract": True, "archive_format": "zip"}, "b"),
    ],
)
def test_an_archive_is_unpacked_where_keras_puts_it(
    name: str,
    write: Any,
    fname: str | None,
    arguments: dict[str, Any],
    folder: str,
    site: tuple[str, Path],
    tmp_path: Path,
) -> None:
    write(site[1] / name, "in/a.txt")
    origin = f"{site[0]}/{name}"
    (tmp_path / "theirs").mkdir()  # Keras writes into a folder for all users if it is missing
    path = get_file(fname, origin, cache_dir=tmp_path / "ours", **arguments)
    assert Path(path) == tmp_path / "ours" / "datasets" / folder
    assert Path(path, "in", "a.txt").read_bytes() == TEXT
    theirs = keras.utils.get_file(fname, origin, cache_dir=str(tmp_path / "theirs"), **arguments)
    assert Path(theirs).name == folder
    assert _list(tmp_path / "ours") == _list(tmp_path / "theirs")


def _list(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


def test_an_archive_writes_nothing_outside_of_its_folder(
    site: tuple[str, Path], tmp_path: Path
) -> None:
    _write_tar(site[1] / "bad.tar.gz", "a.txt", "../../outside.txt")
    with pytest.raises(DataError, match=r"bad\.tar\.gz_archive cannot be unpacked"):
        get_file(origin=f"{site[0]}/bad.tar.gz", cache_dir=tmp_path, extract=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["datasets", "bad.tar.gz_archive"]


def test_what_is_no_archive_is_refused(site: tuple[str, Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no archive of the format 'auto'"):
        get_file(origin=f"{site[0]}/a.txt", cache_dir=tmp_path, extract=True)


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"fname": "a.txt"}, "origin"),
        ({"fname": "../a.txt", "origin": NOWHERE}, "fname"),
        ({"origin": "http://127.0.0.1/"}, "fname"),
        ({"origin": NOWHERE, "file_hash": SHA256, "hash_algorithm": "crc"}, "hash_algorithm"),
    ],
    ids=["no origin", "a folder", "no name", "an unknown hash"],
)
def test_arguments_out_of_their_range_are_refused(arguments: dict[str, Any], argument: str) -> None:
    with pytest.raises(ArgumentValueError, match=f"get_file: argument '{argument}'"):
        get_file(**arguments)
