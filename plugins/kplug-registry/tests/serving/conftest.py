"""Fixtures: a site with one release, its server in this process, and an upload client."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.serving.application import make_application
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder
from kplug_registry.serving.tokens import TokenStore
from starlette.testclient import TestClient


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "serve.sqlite")


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
