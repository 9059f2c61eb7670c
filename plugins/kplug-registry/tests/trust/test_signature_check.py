"""`kplug index verify` checks signatures."""

from __future__ import annotations

from pathlib import Path

import pytest
from kplug_registry.storage import Folder
from kplug_registry.trust.metadata_paths import METADATA
from kplug_registry.trust.signature_check import find_signature_faults
from kplug_registry.trust.signing_lifetimes import Lifetimes

from tests.plugins.signed_sites import DICE, SignedFolder, make_signed_folder


@pytest.fixture
def signed(tmp_path: Path) -> SignedFolder:
    return make_signed_folder(tmp_path)


def test_a_sound_site_and_one_without_signatures(signed: SignedFolder, tmp_path: Path) -> None:
    assert find_signature_faults(Folder(signed.site)) == []
    signed.publish("components/loss/new.json", b"{}")
    assert find_signature_faults(Folder(signed.site)) == []
    (tmp_path / "empty").mkdir()
    assert find_signature_faults(Folder(tmp_path / "empty")) == []


def test_files_that_are_altered_missing_or_new(signed: SignedFolder) -> None:
    content = signed.find_content(DICE)
    signed.write("search/new.json", b"{}")
    signed.write(DICE, b"{}")
    assert find_signature_faults(Folder(signed.site)) == [
        "search/new.json is not signed",
        f"{DICE} is not the file that was signed",
    ]
    content.write_bytes(b"{}")
    place = content.relative_to(signed.site).as_posix()
    assert f"{place} is not the file that was signed" in find_signature_faults(Folder(signed.site))
    (signed.site / DICE).unlink()
    assert f"{DICE} is signed and not there" in find_signature_faults(Folder(signed.site))


def test_a_bin_of_others(signed: SignedFolder, tmp_path: Path) -> None:
    other = make_signed_folder(tmp_path, "other")
    name = next((signed.site / METADATA).glob("*.bin-16-3.json")).name
    (signed.site / METADATA / name).write_bytes((other.site / METADATA / name).read_bytes())
    (fault,) = find_signature_faults(Folder(signed.site))
    assert fault.startswith(f"metadata/{name} does not hold what was signed: ")
    (signed.site / METADATA / name).unlink()
    assert f"metadata/{name} does not hold" in find_signature_faults(Folder(signed.site))[0]


def test_a_timestamp_that_has_expired(signed: SignedFolder) -> None:
    signed.sign(Lifetimes(timestamp=-1))
    (fault,) = find_signature_faults(Folder(signed.site))
    assert "its metadata has expired" in fault
