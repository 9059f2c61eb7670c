"""Attacks between a site and its clients, one by one: all are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.errors import TrustError, UnreachableSiteError
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import TIMESTAMP
from kplug_registry.trust.metadata_paths import LATEST, METADATA, metadata_path
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.signing import sign_all, write_signing
from kplug_registry.trust.signing_lifetimes import Lifetimes

from tests.plugins.signed_sites import DICE, SignedFolder, make_signed_folder

EXPIRED = Lifetimes(timestamp=-1)
EVIL = b'{"dice": "evil"}'


@pytest.fixture
def signed(tmp_path: Path) -> SignedFolder:
    """A site that a client has seen once."""
    made = make_signed_folder(tmp_path)
    assert made.client().fetch(DICE) == b'{"dice": 1}'
    return made


@pytest.fixture(params=["latest.json", "single files"])
def settle(request: pytest.FixtureRequest) -> Callable[[SignedFolder], None]:
    """Return what makes an attack reach the client in one of the two ways in which metadata arrive."""

    def leave(attacked: SignedFolder) -> None:
        if request.param == "single files":
            (attacked.site / LATEST).unlink()

    return leave


def assert_refused(attacked: SignedFolder, reason: str, path: str = DICE) -> None:
    with pytest.raises(TrustError, match=reason) as caught:
        attacked.client().fetch(path)
    assert str(caught.value).startswith(f"the registry at {attacked.site.as_uri()}/ is refused: ")
    assert attacked.client().copy.read(DICE) == b'{"dice": 1}'  # what was seen before stays


def test_rollback(signed: SignedFolder, settle: Callable[[SignedFolder], None]) -> None:
    old = shutil.copytree(signed.site, signed.site.parent / "old")
    signed.publish("components/loss/other.json", b"{}")
    signed.client().refresh()
    shutil.rmtree(signed.site)
    shutil.move(old, signed.site)
    settle(signed)
    assert_refused(signed, "it shows an older state than this machine has seen")


def test_freeze(signed: SignedFolder, settle: Callable[[SignedFolder], None]) -> None:
    signed.sign(EXPIRED)
    settle(signed)
    assert_refused(signed, "its metadata has expired, so news may be hidden")


@pytest.mark.parametrize("role", ["root", "targets", "snapshot"])
def test_expired_metadata(tmp_path: Path, role: str) -> None:
    attacked = make_signed_folder(tmp_path)
    if role == "root":
        attacked = make_signed_folder(tmp_path, "short", lifetimes=Lifetimes(root=-1))
    else:
        attacked.sign(Lifetimes(**{role: -1}))
    with pytest.raises(TrustError, match="its metadata has expired"):
        attacked.client().fetch(DICE)


def test_mix_and_match(signed: SignedFolder, settle: Callable[[SignedFolder], None]) -> None:
    """The bin of one state under the name of another's: each is signed, together they never were."""
    signed.publish(DICE, b'{"dice": 2}')
    (bin_path,) = signed.site.glob(f"{METADATA}/2.bin-*.json")
    old = bin_path.with_name(bin_path.name.replace("2.", "1.", 1))
    bin_path.write_bytes(old.read_bytes())
    settle(signed)
    assert_refused(
        signed, "it shows an older state than this machine has seen, or mixes two states"
    )


def test_a_snapshot_of_another_state(signed: SignedFolder) -> None:
    signed.publish(DICE, b'{"dice": 2}')
    (signed.site / LATEST).unlink()
    shutil.copy(
        signed.site / METADATA / "1.snapshot.json", signed.site / METADATA / "2.snapshot.json"
    )
    assert_refused(signed, "a file is not the one that was signed")


def test_keys_of_others(signed: SignedFolder, settle: Callable[[SignedFolder], None]) -> None:
    """Another one's timestamp and all it leads to, of a later version, under the true root."""
    other = make_signed_folder(signed.site.parent, "other")
    other.publish("components/loss/other.json", b"{}")
    for path in [*(other.site / METADATA).iterdir(), other.find_content(DICE)]:
        if "root" not in path.name:
            shutil.copy(path, signed.site / path.relative_to(other.site))
    settle(signed)
    assert_refused(signed, "its metadata is not signed by the keys that its root names")


def test_another_root(signed: SignedFolder) -> None:
    """Whoever replaces all of a site, its root too, meets clients that know the fingerprint."""
    other = make_signed_folder(signed.site.parent, "other")
    with pytest.raises(TrustError, match="has no root with the fingerprint sha256:"):
        other.client(root=get_fingerprint(signed.root)).refresh()
    with pytest.raises(TrustError, match="is not signed by the keys that its root names"):
        signed.client(address=other.site.as_uri()).refresh()


def test_too_few_signatures_of_a_threshold(tmp_path: Path) -> None:
    attacked = make_signed_folder(tmp_path, threshold=2)
    forged = attacked.site / metadata_path("root", 2)
    forged.write_bytes(attacked.root.replace(b'"version":1', b'"version":2'))
    (attacked.site / LATEST).unlink()
    with pytest.raises(TrustError, match="is not signed by the keys that its root names"):
        attacked.client().fetch(DICE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (EVIL[: len(b'{"dice": 1}')], "a file is not the one that was signed"),
        (EVIL, "a file is longer than was signed"),
        (b"", "a file is not the one that was signed"),
    ],
)
def test_altered_content(signed: SignedFolder, content: bytes, reason: str) -> None:
    signed.publish(DICE, b'{"dice": 2}')
    signed.find_content(DICE).write_bytes(content)
    assert_refused(signed, reason)


def test_endless_content(signed: SignedFolder) -> None:
    """A file that never ends is read no further than its signed length."""
    signed.publish(DICE, b'{"dice": 2}')
    content = signed.find_content(DICE)
    content.unlink()
    content.symlink_to("/dev/zero")
    assert_refused(signed, "a file is longer than was signed")


@pytest.mark.parametrize("name", [LATEST, metadata_path(TIMESTAMP)])
def test_endless_metadata(signed: SignedFolder, name: str) -> None:
    if name != LATEST:
        (signed.site / LATEST).unlink()
    (signed.site / name).unlink()
    (signed.site / name).symlink_to("/dev/zero")
    with pytest.raises((TrustError, UnreachableSiteError)):
        signed.client().fetch(DICE)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"root": 1, "files": []}', b"\xff", b"[" * 9999]
)
def test_nonsense_instead_of_the_latest_metadata_costs_requests_alone(
    signed: SignedFolder, text: bytes
) -> None:
    (signed.site / LATEST).write_bytes(text)
    assert signed.client().fetch(DICE) == b'{"dice": 1}'


def test_a_file_that_was_withdrawn_is_forgotten(signed: SignedFolder) -> None:
    write_signing(Folder(signed.site), sign_all(Folder(signed.site).read, [], signed.keys))
    client = signed.client()
    assert client.fetch(DICE) is None
    assert client.copy.read(DICE) is None
