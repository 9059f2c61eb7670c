"""Files of an older signed state stay for two days, and are removed by a later publication."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.storage import Folder
from kplug_registry.trust.obsolete_files import KEPT
from kplug_registry.trust.signature_check import find_signature_faults

from tests.plugins.signed_sites import DICE, SignedFolder, make_signed_folder

DAY = 86400
Wait = Callable[[float], None]


@pytest.fixture
def signed(tmp_path: Path) -> SignedFolder:
    return make_signed_folder(tmp_path)


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Return what lets seconds pass for those who sign."""
    now = time.time()

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds
        monkeypatch.setattr("kplug_registry.trust.obsolete_files.time.time", lambda: now)

    return pass_by


def list_files(site: Path) -> set[str]:
    folders = ("metadata", "targets", ".kplug")
    found = (path for folder in folders for path in (site / folder).rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix() for path in found}


def test_files_of_an_older_state_are_kept_and_then_removed(
    signed: SignedFolder, wait: Wait
) -> None:
    first = list_files(signed.site)
    for number in range(2, 5):
        signed.publish(DICE, b'{"dice": %d}' % number)
        wait(KEPT / 4)
    assert first <= list_files(signed.site)
    wait(KEPT + DAY)
    signed.publish("components/loss/other.json", b"{}")
    left = list_files(signed.site)
    assert sorted(name.partition(".")[2].partition("-")[0] for name in first - left) == [
        "bin",
        "dice.json",
        "snapshot.json",
    ]
    assert len([name for name in left if name.endswith(".dice.json")]) == 1
    assert len([name for name in left if name.endswith(".snapshot.json")]) == 2
    assert len([name for name in left if name.startswith(".kplug/obsolete/")]) == 1
    assert find_signature_faults(Folder(signed.site)) == []
    assert signed.client().fetch(DICE) == b'{"dice": 4}'


def test_a_content_that_came_back_stays(signed: SignedFolder, wait: Wait) -> None:
    for content in (b"{}", b'{"dice": 1}'):  # withdrawn and offered again
        signed.publish(DICE, content)
        wait(1)
    wait(KEPT + DAY)
    signed.publish("components/loss/other.json", b"{}")
    names = [path.read_bytes() for path in signed.site.glob("targets/components/loss/*.dice.json")]
    assert names == [b'{"dice": 1}']
    assert find_signature_faults(Folder(signed.site)) == []


def test_a_content_that_was_used_again_for_a_while_is_kept_from_its_last_use(
    signed: SignedFolder, wait: Wait
) -> None:
    signed.publish(DICE, b"{}")
    wait(KEPT)
    signed.publish(DICE, b'{"dice": 1}')
    client = signed.client()
    client.refresh()
    wait(DAY)
    signed.publish(DICE, b"{}")
    signed.publish("components/loss/other.json", b"{}")
    assert client.fetch(DICE) == b'{"dice": 1}'


def test_two_publications_within_a_second(signed: SignedFolder, wait: Wait) -> None:
    wait(0)
    signed.publish(DICE, b'{"dice": 2}')
    signed.publish(DICE, b'{"dice": 3}')
    wait(KEPT + DAY)
    signed.publish("components/loss/other.json", b"{}")
    contents = signed.site.glob("targets/components/loss/*.dice.json")
    assert [path.read_bytes() for path in contents] == [b'{"dice": 3}']
