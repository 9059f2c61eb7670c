"""Checks of a site before a command uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.errors import RegistrySettingError, SiteFormatError
from kplug_registry.trust import site_signer

from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder


@pytest.fixture
def site(machine: Path, tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path)
    configure(machine, made)
    return made


def test_a_registry_of_a_later_format_is_refused(
    site: SignedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_signer, "FORMAT", 2)
    site.sign()
    with pytest.raises(SiteFormatError) as caught:
        require_registries()
    assert str(caught.value) == (
        "the registry 'site' has format 2, and format 1 is read here\n  Upgrade kplug-registry."
    )
    assert len(require_registries(is_offline=True).items) == 1


def test_an_unsigned_registry_of_a_later_format_is_refused(machine: Path, tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_text('{"format": 2}')
    (machine / "pyproject.toml").write_text(
        f'[tool.kplug.registries.site]\npath = "{tmp_path}"\ntrust = "unsigned"'
    )
    with pytest.raises(SiteFormatError, match="has format 2, and format 1 is read here"):
        require_registries()


def test_a_folder_that_is_no_registry_is_told(machine: Path, tmp_path: Path) -> None:
    (machine / "pyproject.toml").write_text(
        f'[tool.kplug.registries.site]\npath = "{tmp_path}"\ntrust = "unsigned"'
    )
    with pytest.raises(RegistrySettingError) as caught:
        require_registries()
    assert str(caught.value) == (
        f"the registry 'site' leads to none: nothing at {tmp_path.as_uri()}/ says its format\n"
        "  Correct the address."
    )


def test_two_clients_at_once_share_a_copy(site: SignedFolder) -> None:
    first, second = site.client(), site.client()
    first.refresh()
    site.publish("components/loss/dice.json", b'{"dice": 2}')
    assert second.fetch("components/loss/dice.json") == b'{"dice": 2}'
    assert first.copy.read("components/loss/dice.json") == b'{"dice": 2}'
