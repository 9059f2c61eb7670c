"""``kplug outdated``, ``install`` and ``sync`` say what a version changes before anything is installed."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from kplug_numbers import upgrades
from kplug_numbers.checking import list_keys, make_all
from kplug_numbers.numbers_file import NumbersFile
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.published_versions import list_versions
from kplug_registry.errors import TrustError, UnreachableSiteError
from kplug_registry.site_format import WheelFile, numbers_path
from kplug_registry.trust.fetching import SiteFetcher
from typer.testing import CliRunner

import kplug
from kplug.cli import installer
from kplug.cli.app import app
from kplug.errors import KplugError
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer

HERE = version("kplug-penalties")
UNKNOWN = f"  the registry does not have the installed {HERE}, so who published that is unknown\n"
SAME = "  the numbers of all its components are the same\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignedFolder]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = make_signed_folder(tmp_path)
    configure(folder, made)
    recorded = tmp_path / "numbers.json"
    recorded.write_text(read_recorded())
    monkeypatch.setattr(upgrades, "find_file", lambda name: recorded)  # as a wheel has it
    yield made
    monkeypatch.undo()
    kplug.reload()


@functools.cache
def read_recorded() -> str:
    """Return what kplug-penalties, which is installed here, computes."""
    return make_all(list_keys("kplug-penalties", NumbersFile()), lambda key: None).to_json()


def publish(site: SignedFolder, version: str, numbers: str) -> None:
    """Add a version of kplug-penalties with these numbers to a site."""
    digest = sha256(numbers.encode()).hexdigest()
    site.write(numbers_path(digest), numbers.encode())
    offer(site, "kplug-penalties", version, ("regularizer", "l1_reg"), numbers=digest)


def change(numbers: str) -> str:
    """Return numbers in which one component computes others."""
    data = json.loads(numbers)
    parts = data["readings"][0]["parts"]
    parts["bias/float64/value"]["sample"] = [99.0]
    return json.dumps(data)


def call(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, KplugError) and status == 2:
        return str(result.exception)
    assert result.exit_code == status, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses of numbers that are fetched."""
    urls: list[str] = []
    fetch = SiteFetcher.download_bytes

    def note(self: SiteFetcher, url: str, max_length: int) -> bytes:
        urls.extend([url] if "/numbers/" in url else [])
        return fetch(self, url, max_length)

    monkeypatch.setattr(SiteFetcher, "download_bytes", note)
    return urls


def test_the_same_numbers_are_told_without_a_request(
    site: SignedFolder, fetched: list[str]
) -> None:
    publish(site, "1.2", read_recorded())
    line = f"kplug-penalties {HERE}: 1.2 in the registry site\n"
    assert call("outdated", status=1) == line + UNKNOWN + SAME
    assert SAME in call("install", "kplug-penalties", "--dry-run")
    assert fetched == []


def test_other_numbers_are_told_with_one_request(site: SignedFolder, fetched: list[str]) -> None:
    numbers = change(read_recorded())
    publish(site, "1.3", numbers)
    count = len(json.loads(numbers)["readings"]) - 1
    spec = json.loads(numbers)["readings"][0]["spec"]
    for words in (("outdated",), ("install", "--upgrade", "--dry-run")):
        shown = call(*words, status=words == ("outdated",))
        assert f"\n  regularizer {spec}: bias/float64/value: " in shown
        assert ", now 99, by " in shown
        assert f"\n  {count} other{'s are' if count > 1 else ' is'} the same\n" in shown
    assert len(fetched) == 2
    (row,) = json.loads(call("outdated", "--json", status=1))["outdated"]
    (planned,) = json.loads(call("install", "--upgrade", "--dry-run", "--json"))["install"]
    assert row["changes"] == planned["changes"]
    assert [one["outcome"] for one in row["changes"]].count("differs") == 1
    assert (planned["distribution"], planned["version"]) == ("kplug-penalties", "1.3")


def test_a_lock_of_another_version_tells_what_changes(site: SignedFolder) -> None:
    publish(site, "1.3", change(read_recorded()))
    package = "[[packages]]\nname = 'kplug-penalties'\nversion = '{}'\n"
    with pytest.MonkeyPatch.context() as patch:
        replaceable = SimpleNamespace(is_editable=False)  # an editable install is not replaced
        patch.setattr(installer, "read_install_source", lambda _: replaceable)
        Path("kplug.lock").write_text("layout = 1\n" + package.format("1.3"))
        shown = call("sync", "--dry-run")
        assert shown.startswith(
            f"install kplug-penalties==1.3\n{UNKNOWN}  regularizer kplug-penalties/"
        )
        changes = json.loads(call("sync", "--dry-run", "--json"))["changes"]
        assert [one["outcome"] for one in changes["kplug-penalties"]].count("differs") == 1
        Path("kplug.lock").write_text("layout = 1\n" + package.format("1.4"))
        assert call("sync", "--dry-run").startswith(
            "install kplug-penalties==1.4\n  numbers that cannot be compared: no registry that answers "
            "here has that version\n"
        )


def test_a_lock_of_another_publishers_version_says_so(site: SignedFolder) -> None:
    offer(site, "kplug-penalties", HERE, ("regularizer", "l1_reg"), publisher="anna")
    offer(site, "kplug-penalties", "1.3", ("regularizer", "l1_reg"), publisher="bert")
    package = "layout = 1\n[[packages]]\nname = 'kplug-penalties'\nversion = '1.3'\n"
    with pytest.MonkeyPatch.context() as patch:
        replaceable = SimpleNamespace(is_editable=False)  # an editable install is not replaced
        patch.setattr(installer, "read_install_source", lambda _: replaceable)
        Path("kplug.lock").write_text(package)
        said = f"the publisher changes: bert; the installed {HERE} is of anna"
        assert f"install kplug-penalties==1.3\n  {said}\n" in call("sync", "--dry-run")
        (row,) = json.loads(call("outdated", "--json", status=1))["outdated"]
        assert row["publisher_changes"] == [said]


@pytest.mark.slow
def test_what_cannot_be_told_is_said(site: SignedFolder) -> None:
    offer(site, "kplug-penalties", "1.2", ("regularizer", "l1_reg"))
    unknown = "  numbers that cannot be compared: "
    assert f"{unknown}1.2 has no recorded numbers\n" in call("outdated", status=1)
    publish(site, "1.3", "{}")
    assert f"{unknown}kplug-penalties 1.3: it has the format None" in call("outdated", status=1)
    file = site.site / numbers_path(sha256(b"{}").hexdigest())
    file.write_text(read_recorded())
    assert "has another content than its hash says\n" in call("outdated", status=1)
    file.unlink()
    assert "cannot be had" in call("outdated", status=1)
    kplug.reload()


def test_an_upgrade_is_of_installed_plugins(
    site: SignedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[object] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    assert call("install", "--upgrade", "--yes") == "Everything is up to date.\n"
    assert call("install", "kplug-penalties", "--upgrade", status=2).startswith(
        "no registry has a distribution 'kplug-penalties', so none has a newer version"
    )
    publish(site, HERE, read_recorded())
    assert call("install", "kplug-penalties", "--upgrade") == "Everything is up to date.\n"
    assert commands == []
    told = call("install", "--upgrade", "kplug-pond", status=2)
    assert told.startswith(
        "no installed plugin is named 'kplug-pond', so there is nothing to upgrade"
    )
    data = json.loads(call("install", "--upgrade", "--dry-run", "--json"))
    assert (data["install"], data["command"]) == ([], [])


def test_a_wheel_is_downloaded_by_its_hash(site: SignedFolder, tmp_path: Path) -> None:
    name, content = "kplug_pond-1.0-py3-none-any.whl", b"a wheel"
    wheel = WheelFile(name, sha256(content).hexdigest(), len(content))
    offer(site, "kplug-pond", "1.0", ("loss", "pond_loss"), wheels=(wheel,), yanked="wrong")
    foreign = WheelFile("kplug_pond-2.0-cp27-none-any.whl", wheel.sha256, wheel.size)
    offer(site, "kplug-pond", "2.0", ("loss", "pond_loss"), wheels=(foreign,))
    (version,) = list_versions(open_registries(), "kplug-pond")
    assert (version.version, version.read_numbers, version.numbers_hash) == ("1.0", None, "")
    with pytest.raises(TrustError, match="has another content"):
        version.download(tmp_path)
    site.write(f"files/{name}", content)
    assert version.download(tmp_path).read_bytes() == content
    site.write(f"files/{name}", content * 2)
    with pytest.raises(TrustError, match="has another content"):
        version.download(tmp_path)
    (site.site / "files" / name).unlink()
    with pytest.raises(UnreachableSiteError, match="cannot be had"):
        version.download(tmp_path)
    assert list(list_versions(open_registries(), "kplug-other")) == []
