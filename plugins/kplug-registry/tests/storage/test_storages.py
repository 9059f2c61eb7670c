"""A folder and a store of objects answer alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from kplug_registry.errors import PublishingError
from kplug_registry.storage import Folder, SiteStorage, open_storage


@pytest.fixture(params=["folder", "store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SiteStorage]:
    yield open_storage(
        str(tmp_path / "site") if request.param == "folder" else "memory://bucket/site"
    )
    MemoryFileSystem.store.clear()


def test_files_are_written_read_listed_and_removed(storage: SiteStorage) -> None:
    storage.write({"a/b.json": b"1", "a/c/d.json": b"2", "ab.json": b"3"})
    storage.write({"a/b.json": b"4"})
    assert storage.read("a/b.json") == b"4"
    assert storage.list("a") == ["a/b.json", "a/c/d.json"]
    storage.remove(["a/b.json", "a/none.json"])
    assert storage.read("a/b.json") is None
    assert storage.read("ab.json/none.json") is None
    assert storage.list("a") == ["a/c/d.json"]
    assert storage.list("none") == []


def test_a_file_is_created_only_if_there_is_none(storage: SiteStorage) -> None:
    assert storage.create("a/b.json", b"1")
    assert not storage.create("a/b.json", b"2")
    assert storage.read("a/b.json") == b"1"


def test_an_address_without_a_scheme_is_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_storage(str(tmp_path)), Folder)
    assert isinstance(open_storage("C:\\site"), Folder)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://a.example/site", r"is no place to write to\n  Give the folder of the site"),
        ("nonesuch://a/site", "is of no store that fsspec knows"),
    ],
)
def test_addresses_that_cannot_be_written_to(address: str, message: str) -> None:
    with pytest.raises(PublishingError, match=message):
        open_storage(address)


def test_a_store_whose_library_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(PublishingError, match=r"(?s)s3fs.*pip install 'kplug-registry\[storage\]'"):
        open_storage("s3://bucket/site")
