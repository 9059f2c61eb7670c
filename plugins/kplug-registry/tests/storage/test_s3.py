"""A site in an S3 bucket of moto's server: every command, rival and dying writers."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import create_site, publish, verify
from kplug_registry.site_format import find_cache_control, find_content_type
from kplug_registry.storage import SiteStorage, object_store_lock, open_storage
from kplug_registry.wheels import read_wheel
from typer.testing import CliRunner

from kplug.cli.app import app
from tests.plugins.stopped_processes import stop_while

pytestmark = pytest.mark.slow
NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
_KILLS = 3
_PUBLISHER = f"""
import sys
from kplug_registry.publishing import publish
from kplug_registry.storage import open_storage
from kplug_registry.wheels import read_wheel
store = open_storage(sys.argv[1])
contents = [read_wheel(wheel) for wheel in map(__import__("pathlib").Path, sys.argv[2:])]
store.read("registry.json")
print("ready", flush=True)
for content in contents:
    publish([content], store, "{NOW}")
    print(content.metadata.version, flush=True)
"""


@pytest.fixture
def address(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Return the address of a place in a new bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-a-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-a-test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.filesystem("s3").mkdir(tmp_path.name.replace("_", "-"))
    return f"s3://{tmp_path.name.replace('_', '-')}/site"


def kplug(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_every_command_takes_the_address(
    address: str, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    assert kplug("index", "build", make_wheel(), "--out", address) == f"{address}: 1 wheel\n"
    kplug("trust", "init", address, "--keys", keys)
    kplug("trust", "sign", address, "--keys", keys)
    shown = kplug("publish", make_wheel(version="2.0"), "--to", address, "--keys", keys)
    assert shown.startswith(f"{address}: kplug-waves 2.0 (")
    kplug("yank", "kplug-waves==1.0", "--to", address, "--keys", keys)
    kplug("trust", "renew", address, "--keys", keys)
    assert kplug("index", "pages", address).startswith(f"{address}: 0 of ")
    assert kplug("index", "verify", address) == f"{address}: sound\n"
    assert "signed, expires" in kplug("trust", "show", address)


def test_objects_have_their_headers(address: str, make_wheel: MakeWheel, tmp_path: Path) -> None:
    kplug("index", "build", make_wheel(), "--out", address)
    kplug("trust", "init", address, "--keys", tmp_path / "keys")
    kplug("trust", "sign", address, "--keys", tmp_path / "keys")
    kplug("publish", make_wheel(version="2.0"), "--to", address, "--keys", tmp_path / "keys")
    for path in open_storage(address).list(""):
        if not path.startswith(".kplug/"):
            url = fsspec.filesystem("s3").sign(f"{address}/{path}")
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.headers["Cache-Control"] == find_cache_control(path)
                assert answer.headers["Content-Type"] == find_content_type(path)


def test_the_objects_are_the_files_of_a_folder(
    address: str, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    folder, store = open_storage(str(tmp_path / "site")), open_storage(address)
    for site in (folder, store):
        create_site([read_wheel(make_wheel())], site, NOW)
        publish([read_wheel(make_wheel(version="2.0"))], site, NOW)
    assert read_files(store) == read_files(folder)


def read_files(site: SiteStorage) -> dict[str, bytes | None]:
    return {path: site.read(path) for path in site.list("") if not path.startswith(".kplug")}


def test_a_site_is_not_built_over_another(address: str, make_wheel: MakeWheel) -> None:
    store = open_storage(address)
    create_site([read_wheel(make_wheel())], store, NOW)
    with pytest.raises(PublishingError, match="is not empty"):
        create_site([read_wheel(make_wheel())], store, NOW)


def test_of_several_publishers_of_one_version_one_wins(
    address: str, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    create_site([read_wheel(make_wheel())], open_storage(address), NOW)
    rivals = []
    for number in range(3):
        path = make_wheel(version="2.0", metadata=f"Summary: Rival {number}.\n")
        (tmp_path / f"{number}").mkdir()
        rivals.append(read_wheel(path.rename(tmp_path / f"{number}" / path.name)))
    winners, losers = [], []

    def run(number: int) -> None:
        try:
            publish([rivals[number]], open_storage(address), NOW)
        except PublishingError as error:
            losers.append(error.message)
        else:
            winners.append(rivals[number])

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = winners
    assert len(losers) == 2
    assert all("published already" in message for message in losers)
    store = open_storage(address)
    assert store.read(f"files/{winner.file.filename}") == winner.path.read_bytes()
    assert verify(store) == []


def test_a_site_is_sound_after_each_of_many_kills(
    address: str, make_wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        object_store_lock, "_MARGIN", -object_store_lock.LENGTH
    )  # the turn of who died is over at once
    store = open_storage(address)
    create_site([read_wheel(make_wheel())], store, NOW)
    wheels = [make_wheel(version=f"3.{number}") for number in range(9 * _KILLS)]
    published = 0
    for kill in range(_KILLS):
        rest = [str(wheel) for wheel in wheels[published : published + 9]]
        with subprocess.Popen(
            [sys.executable, "-c", _PUBLISHER, address, *rest], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            told = [process.stdout.readline().strip() for _ in range(kill)]
            stop_while(process, lambda: bool(store.list(".kplug/journals")))
            process.kill()
            process.wait()
            told += process.stdout.read().split()
        assert verify(store) == []
        offered = {path.split("-")[1] for path in store.list("files") if path.endswith(".whl")}
        assert set(told) <= offered  # what was reported is there
        published = len(offered) - 1
    assert published >= _KILLS  # each journal counts
