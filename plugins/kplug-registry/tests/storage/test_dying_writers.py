"""A writer that dies at any request to a store leaves all of its change, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from kplug_registry.publishing import create_site, publish, verify
from kplug_registry.storage import object_store_lock
from kplug_registry.storage.object_store import ObjectStore
from kplug_registry.wheels import read_wheel

NOW = "2026-01-31T12:00:00Z"


class DiedError(BaseException):
    """Stands for the end of the process."""


class DyingSystem(MemoryFileSystem):  # type: ignore[misc]
    """A store whose client dies at one of the requests that change something."""

    left = 10**9

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise DiedError

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        """Write, or die."""
        self._count()
        super().pipe_file(path, value, mode, **options)

    def rm_file(self, path: str) -> None:
        """Remove, or die."""
        self._count()
        super().rm_file(path)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    monkeypatch.setattr(
        object_store_lock, "_MARGIN", -object_store_lock.LENGTH
    )  # the turn of who died is over at once
    MemoryFileSystem.store.clear()
    yield ObjectStore(MemoryFileSystem(), "/site", "memory://site")
    MemoryFileSystem.store.clear()


def test_whoever_dies_at_a_request_leaves_all_or_nothing(
    store: ObjectStore, make_wheel: Callable[..., Path]
) -> None:
    create_site([read_wheel(make_wheel())], store, NOW)
    at_first = dict(MemoryFileSystem.store)
    wheel = read_wheel(make_wheel(version="2.0"))
    publish([wheel], store, NOW)
    published, seen = read_files(store), []
    for request in range(200):
        MemoryFileSystem.store.clear()
        MemoryFileSystem.store.update(at_first)
        before = read_files(store)
        system = DyingSystem(skip_instance_cache=True)
        system.left = request
        try:
            publish([wheel], ObjectStore(system, "/site", "memory://site"), NOW)
        except DiedError:
            assert verify(store) == []
            assert read_files(store) in (before, published)
            seen.append(read_files(store) == published)
        else:
            break
    assert seen == sorted(seen)  # nothing before the journal, all after it
    assert set(seen) == {False, True}


def test_whoever_dies_while_completing_a_change_leaves_it_to_the_next(
    store: ObjectStore, make_wheel: Callable[..., Path]
) -> None:
    create_site([read_wheel(make_wheel())], store, NOW)
    system = DyingSystem(skip_instance_cache=True)
    system.left = 6  # after the journal
    with pytest.raises(DiedError):
        publish(
            [read_wheel(make_wheel(version="2.0"))],
            ObjectStore(system, "/site", "memory://site"),
            NOW,
        )
    at_first = dict(MemoryFileSystem.store)
    verify(store)
    published = read_files(store)
    assert store.read("files/kplug_waves-2.0-py3-none-any.whl") is not None
    for request in range(200):
        MemoryFileSystem.store.clear()
        MemoryFileSystem.store.update(at_first)
        died = 0
        for left in (request, 1, request):  # several, one after another
            system = DyingSystem(skip_instance_cache=True)
            system.left = left
            try:
                verify(ObjectStore(system, "/site", "memory://site"))
            except DiedError:
                died += 1
        assert verify(store) == []
        assert read_files(store) == published
        if not died:
            break
    assert request > 10


def read_files(store: ObjectStore) -> dict[str, bytes | None]:
    return {path: store.read(path) for path in store.list("") if not path.startswith(".kplug")}
