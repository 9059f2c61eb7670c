"""The health check: a site that can be read, that clients accept, and that takes uploads."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from kplug_registry.serving.application import make_application
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder
from kplug_registry.trust.signing_lifetimes import Lifetimes
from starlette.testclient import TestClient

from tests.plugins.signed_sites import make_signed_folder


def ask(site: Path, database: Database) -> tuple[int, str, str | None]:
    with TestClient(make_application(SiteFolder(site), database)) as client:
        answer = client.get("/health")
    found = answer.json()
    return answer.status_code, found["status"], found["problem"]


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_expired_metadata_are_not_healthy(tmp_path: Path, database: Database, role: str) -> None:
    lifetimes = Lifetimes(**{role: -1})
    made = make_signed_folder(tmp_path, lifetimes=lifetimes)
    made.sign(lifetimes)
    status, name, problem = ask(made.site, database)
    assert (status, name) == (503, "expired")
    assert (problem or "").startswith(f"the {role} has expired at 20")
    assert (problem or "").endswith("Z: clients refuse the site until it is renewed")


def test_metadata_that_cannot_be_read_are_not_healthy(tmp_path: Path, database: Database) -> None:
    made = make_signed_folder(tmp_path)
    assert ask(made.site, database) == (200, "ok", None)
    (made.site / "metadata/timestamp.json").write_text("{}")
    assert ask(made.site, database)[:2] == (503, "broken")


@pytest.mark.usefixtures("token")
def test_a_full_disk_is_not_healthy(
    site: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(site, database) == (200, "ok", None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert ask(site, database) == (
        *(503, "unwritable"),
        "the folder of the site has 1000 bytes left, and an upload may have 104857600",
    )


def test_a_server_that_is_only_read_needs_no_disk(
    site: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    assert ask(site, database) == (200, "ok", None)
    assert not (site / ".kplug").exists()


@pytest.mark.usefixtures("token")
def test_a_site_that_cannot_be_written_is_not_healthy(site: Path, database: Database) -> None:
    (site / ".kplug").touch()
    assert ask(site, database) == (
        *(503, "unwritable"),
        "the folder of the site cannot be written to: File exists",
    )


@pytest.mark.usefixtures("token")
def test_a_database_that_cannot_be_used_is_not_healthy(site: Path, database: Database) -> None:
    with TestClient(make_application(SiteFolder(site), database)) as client:
        database.file.unlink()
        database.file.mkdir()
        answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "broken")
    assert answer.json()["problem"].startswith("the database cannot be used: ")


@pytest.mark.usefixtures("token")
def test_a_database_that_is_only_read_is_not_healthy(
    site: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(database, "check", refuse)
    assert ask(site, database)[1:] == (
        "broken",
        "the database cannot be used: attempt to write a readonly database",
    )
