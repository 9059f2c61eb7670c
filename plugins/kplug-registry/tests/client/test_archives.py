"""``kplug sync`` finds what is locked in the registries, by the hash of its archive."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
GONE = "https://gone.invalid/kplug_pond-1.0-py3-none-any.whl"


@pytest.fixture
def public(tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path, "public")
    offer(made, "kplug-pond", "1.0", ("loss", "pond_loss"))
    return made


def plan(digest: str = EMPTY, version: str = "1.0") -> str:
    """Return what a lock of kplug-pond would install."""
    Path("kplug.lock").write_text(
        f"layout = 1\n[[packages]]\nname = 'kplug-pond'\nversion = '{version}'\n"
        f"url = '{GONE}'\narchive-hash = 'sha256:{digest}'\n"
    )
    kplug.reload()
    result = CliRunner().invoke(app, ["sync", "--dry-run", "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    (found,) = json.loads(result.stdout)["install"]
    return str(found).removeprefix("kplug-pond @ ")


def test_a_locked_wheel_is_found_by_its_hash(machine: Path, public: SignedFolder) -> None:
    here = f"{public.site.as_uri()}/files/kplug_pond-1.0-py3-none-any.whl#sha256={EMPTY}"
    configure(machine, public)
    assert plan() == here
    text = CliRunner().invoke(app, ["sync", "--dry-run"]).output
    assert f"install kplug-pond @ {here}, found by its hash\n" in text
    assert plan("0" * 64) == f"{GONE}#sha256={'0' * 64}"
    assert plan(version="1.1") == f"{GONE}#sha256={EMPTY}"


def test_all_registries_are_searched_also_if_one_is_silent_or_has_another_file(
    machine: Path, public: SignedFolder, tmp_path: Path
) -> None:
    silent, other = (make_signed_folder(tmp_path, name) for name in ("silent", "other"))
    offer(other, "kplug-pond", "2.0", ("loss", "pond_loss"))
    configure(machine, silent, other, public)
    shutil.rmtree(silent.site)
    assert plan().startswith(public.site.as_uri())


def test_without_registries_the_address_of_the_lock_counts(machine: Path) -> None:
    assert plan() == f"{GONE}#sha256={EMPTY}"
    (machine / "pyproject.toml").write_text("[tool.kplug.registries.ours]\npath = 'site'")
    assert plan() == f"{GONE}#sha256={EMPTY}"
