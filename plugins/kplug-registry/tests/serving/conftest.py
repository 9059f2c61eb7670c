"""Fixtures: a site with one release, its server in this process, and an upload client."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.serving import served_sites
from kplug_registry.serving.application import make_application
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.wheels import WheelReader, read_wheel
from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def reader() -> Iterator[WheelReader]:
    with WheelReader() as reader:
        yield reader


@pytest.fixture(autouse=True)
def one_reader(reader: WheelReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one process read the uploads of all tests, as starting it takes half a second."""
    shared = SimpleNamespace(read=reader.read, close=lambda: None)
    monkeypatch.setattr(
        served_sites, "WheelReader", lambda names: WheelReader(names) if names else shared
    )


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "serve.sqlite")


@pytest.fixture
def site(make_wheel: Callable[..., Path], tmp_path: Path) -> Path:
    """Build a site of the wheel that `make_wheel` writes by default, which belongs to Anna."""
    build_site([read_wheel(make_wheel())], tmp_path / "site", "2026-01-31T12:00:00Z", "anna")
    return tmp_path / "site"


@pytest.fixture
def token(database: Database) -> str:
    return TokenStore(database).add("anna")


@pytest.fixture
def client(site: Path, database: Database) -> Iterator[TestClient]:
    with TestClient(make_application(SiteFolder(site), database)) as client:
        yield client


@pytest.fixture
def upload() -> Callable[..., Any]:
    """Return what sends a wheel as twine does; fields that are given replace those of twine."""
    return send_wheel


def send_wheel(
    client: TestClient,
    content: bytes | Path,
    token: str | None = None,
    filename: str | None = None,
    **fields: str,
) -> Any:
    data = content if isinstance(content, bytes) else content.read_bytes()
    name = filename or (content.name if isinstance(content, Path) else "")
    form = {
        ":action": "file_upload",
        "protocol_version": "1",
        "sha256_digest": hashlib.sha256(data).hexdigest(),
        **fields,
    }
    auth = None if token is None else ("__token__", token)
    return client.post("/legacy/", data=form, files={"content": (name, data)}, auth=auth)
