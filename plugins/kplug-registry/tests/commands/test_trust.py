"""``kplug trust``: from unsigned files to a trusted site, and through a rotation of keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from kplug_registry.errors import TrustError
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.verified_site import VerifiedSite
from typer.testing import CliRunner

from kplug.cli.app import app


def call(*words: object) -> str:
    result = CliRunner().invoke(app, ["trust", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "registry.json").write_text("{}")
    return folder


def test_a_site_is_signed_and_its_keys_change(site: Path, tmp_path: Path) -> None:
    keys, new = tmp_path / "keys", tmp_path / "new"
    shown = call("init", site, "--keys", keys, "--root-keys", 3, "--threshold", 2)
    root = (site / "metadata/root.json").read_bytes()
    assert shown == f"The root of {site} has the fingerprint {get_fingerprint(root)}\n"
    assert call("show", site).endswith("The site is not signed.\n")
    call("sign", site, "--keys", keys)

    def read() -> bytes | None:
        client = VerifiedSite(site.as_uri(), tmp_path / "copy", get_fingerprint(root), pauses=())
        return client.fetch("registry.json")

    assert read() == b"{}"
    assert f"root 1, {get_fingerprint(root)}, expires" in call("show", site)
    assert "root: 2 of 3 keys" in call("show", site)
    call("renew", site, "--keys", keys)
    call("rotate", site, "--keys", keys)
    assert read() == b"{}"
    call("rotate", site, "--keys", keys, "--new-keys", new, "--root-keys", 2, "--threshold", 1)
    assert read() == b"{}"
    assert "root 3, " in call("show", site)
    with pytest.raises(TrustError, match="the role 'timestamp' needs 1 of its keys"):
        call("renew", site, "--keys", keys)
    call("renew", site, "--keys", new)
    assert read() == b"{}"


def test_a_root_is_not_replaced(site: Path, tmp_path: Path) -> None:
    call("init", site, "--keys", tmp_path / "keys")
    with pytest.raises(TrustError, match="has a root"):
        call("init", site, "--keys", tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_a_threshold_that_cannot_be_reached_makes_no_keys(site: Path, tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="2 of 1 keys cannot sign"):
        call("init", site, "--keys", tmp_path / "keys", "--threshold", 2)
    assert not (tmp_path / "keys").exists()


def test_a_rotation_that_cannot_be_signed_changes_nothing(site: Path, tmp_path: Path) -> None:
    call("init", site, "--keys", tmp_path / "keys")
    call("sign", site, "--keys", tmp_path / "keys")
    before = {path: path.read_bytes() for path in site.rglob("*.json")}
    (tmp_path / "keys" / "timestamp.pem").unlink()
    with pytest.raises(TrustError, match="the role 'timestamp' needs 1"):
        call("rotate", site, "--keys", tmp_path / "keys")
    (tmp_path / "keys" / "root-1.pem").unlink()
    with pytest.raises(TrustError, match="the role 'root' needs 1"):
        call("rotate", site, "--keys", tmp_path / "keys", "--new-keys", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert {path: path.read_bytes() for path in site.rglob("*.json")} == before
