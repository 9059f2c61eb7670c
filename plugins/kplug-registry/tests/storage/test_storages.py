"""Folders and object stores behave alike."""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from kplug_registry.errors import PublishingError
from kplug_registry.storage import Folder, SiteStorage, open_storage
from kplug_registry.storage.object_store import ObjectStore


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


def test_a_copy_stays_as_it_is(storage: SiteStorage) -> None:
    storage.write({"a.json": b"1", "b.json": b"2"})
    for _ in range(2):
        storage.copy({"c/1.a.json": "a.json", "c/2.b.json": "b.json"})
    storage.copy({})
    storage.write({"a.json": b"3"})
    assert storage.read("c/1.a.json") == b"1"
    assert storage.list("c") == ["c/1.a.json", "c/2.b.json"]


def test_a_file_system_without_second_names_gets_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    storage = Folder(tmp_path)
    storage.write({"a.json": b"1"})
    storage.copy({"c/1.a.json": "a.json"})
    assert storage.read("c/1.a.json") == b"1"


def test_the_hash_of_a_file_of_several_pieces(storage: SiteStorage) -> None:
    content = bytes(range(256)) * 10_000
    storage.write({"files/a.whl": content})
    assert storage.find_hash("files/a.whl") == hashlib.sha256(content).hexdigest()
    assert storage.find_hash("files/none.whl") is None


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


class Refusing:
    """A store that refuses everything, as S3 does those whom it does not know."""

    protocol = ("s3",)

    def invalidate_cache(self) -> None: ...

    def __getattr__(self, name: str) -> Callable[..., None]:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError("Access Denied")

        return refuse


@pytest.mark.parametrize(
    ("act", "done"),
    [
        (lambda store: store.read("registry.json"), "read"),
        (lambda store: store.list("files"), "read"),
        (lambda store: store.write({"a": b""}), "written to"),
        (lambda store: store.create("a", b""), "written to"),
        (lambda store: store.copy({"b": "a"}), "read"),
        (lambda store: store.remove(["a"]), "written to"),
    ],
    ids=["read", "list", "write", "create", "copy", "remove"],
)
def test_a_store_that_refuses_is_told_with_what_to_look_at(
    act: Callable[[ObjectStore], object], done: str
) -> None:
    with pytest.raises(PublishingError) as caught:
        act(ObjectStore(Refusing(), "bucket/site", "s3://bucket/site"))
    assert str(caught.value) == (
        f"s3://bucket/site cannot be {done}: Access Denied\n"
        "  Look at the address, and at what the tools of the store read: of S3, AWS_PROFILE or "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL."
    )


def test_large_files_that_never_change_have_a_compressed_one_beside_them(tmp_path: Path) -> None:
    folder, large = Folder(tmp_path), b'{"waves": []}' * 400
    never = f"targets/search/{'5e' * 32}.wave.json"
    folder.write({"search/wave.json": large, "metadata/3.snapshot.json": large})
    folder.write({"metadata/2.targets.json": b"{}", "metadata/latest.json": large})
    folder.copy({never: "search/wave.json"})
    there = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.gz"))
    assert there == ["metadata/3.snapshot.json.gz", f"{never}.gz"]
    assert {gzip.decompress((tmp_path / path).read_bytes()) for path in there} == {large}
    assert folder.list("targets") == [never]  # it is no file of the site
    folder.remove([never])
    assert not list((tmp_path / "targets").rglob("*.*"))
