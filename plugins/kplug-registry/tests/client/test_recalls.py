"""A client hears of recalls with each verified state, keeps them, and refuses an older list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kplug_registry.client.configured_registries import open_registries, require_registries
from kplug_registry.errors import TrustError
from kplug_registry.trust.verified_site import VerifiedSite
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer

SINCE = "2026-04-01T12:00:00Z"


@pytest.fixture
def site(machine: Path, tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path)
    offer(made, "kplug-pond", "1.0", ("loss", "pond_loss"))
    offer(made, "kplug-pond", "1.1", ("loss", "pond_loss"), yanked="recalled: stolen")
    configure(machine, made)
    return made


def publish_list(site: SignedFolder, number: int, *versions: str) -> bytes:
    rows = [
        {"distribution": "kplug-pond", "versions": one, "reason": "stolen", "since": SINCE}
        for one in versions
    ]
    topics = {"recalls": rows, "advisories": []}
    data = json.dumps({"format": 1, "number": number, "date": SINCE, **topics}).encode()
    site.publish("recalls.json", data)
    return data


def find_kept(tmp_path: Path) -> Path:
    (file,) = (tmp_path / "data" / "kplug" / "recalls").iterdir()
    return file


def test_a_recalled_release_is_not_installed_even_by_name(
    site: SignedFolder, tmp_path: Path
) -> None:
    publish_list(site, 1, "==1.1")
    result = CliRunner().invoke(app, ["install", "kplug-pond==1.1", "--yes"])
    assert "it was recalled on 2026-04-01: stolen" in str(result.exception)
    assert (
        "kplug-pond 1.0" in CliRunner().invoke(app, ["install", "kplug-pond", "--dry-run"]).stdout
    )
    kept = find_kept(tmp_path)
    assert (
        kplug.find_refusal("kplug-pond", "1.1") == f"it was recalled on 2026-04-01: stolen ({kept})"
    )
    publish_list(site, 2)
    require_registries()
    assert kplug.find_refusal("kplug-pond", "1.1") is None


def test_a_site_without_a_list_keeps_none(site: SignedFolder, tmp_path: Path) -> None:
    require_registries()
    assert not (tmp_path / "data" / "kplug" / "recalls").exists()


def test_without_a_network_the_last_known_list_counts(site: SignedFolder, tmp_path: Path) -> None:
    publish_list(site, 1, "==1.1")
    require_registries()
    site.site.rename(tmp_path / "gone")
    assert kplug.find_refusal("kplug-pond", "1.1") is not None


def test_an_edited_list_is_replaced_with_the_signed_one(site: SignedFolder, tmp_path: Path) -> None:
    publish_list(site, 1, "==1.1")
    require_registries()
    kept = find_kept(tmp_path)
    signed = kept.read_bytes()
    for edited in (signed.replace(b"==1.1", b"==9.9"), signed.replace(b"stolen", b"")):
        kept.write_bytes(edited)
        require_registries()
        assert kept.read_bytes() == signed


def test_an_older_list_is_refused_with_the_state_that_has_it(
    site: SignedFolder, tmp_path: Path
) -> None:
    publish_list(site, 2, "==1.1")
    require_registries()
    signed = find_kept(tmp_path).read_bytes()
    publish_list(site, 1)
    (registry,) = open_registries()
    for _ in range(2):  # and again: nothing of that state is used
        with pytest.raises(TrustError, match=r"is list number 2 .*, and the new one is older"):
            registry.site.fetch("registry.json")
    assert find_kept(tmp_path).read_bytes() == signed


@pytest.mark.parametrize("text", ["[]", '{"format": 2}', '"recalled"'])
def test_what_is_no_list_is_refused(site: SignedFolder, text: str) -> None:
    site.publish("recalls.json", text.encode())
    (registry,) = open_registries()
    assert isinstance(registry.site, VerifiedSite)
    with pytest.raises(TrustError, match="cannot be read: it"):
        registry.site.refresh()
