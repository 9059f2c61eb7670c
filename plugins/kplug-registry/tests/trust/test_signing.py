"""Signatures of a site: the files of one publish, rotation of keys, and messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import PublishingError, TrustError
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.metadata_paths import METADATA
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root, rotate_root
from kplug_registry.trust.signing import (
    renew_timestamp,
    sign_all,
    sign_changes,
    sign_site,
    write_file,
    write_signing,
)
from kplug_registry.trust.signing_lifetimes import Lifetimes
from tuf.api.metadata import Metadata, Timestamp
from tuf.ngclient import Updater

from tests.plugins.signed_sites import DICE, SignedFolder, make_signed_folder


@pytest.fixture
def signed(tmp_path: Path) -> SignedFolder:
    return make_signed_folder(tmp_path)


def test_one_publish_writes_as_many_files_however_large_the_site_is(signed: SignedFolder) -> None:
    small = signed.publish("components/loss/new.json", b"{}")
    many = [(f"components/loss/c{n}.json", b"{}") for n in range(2000)]
    write_signing(Folder(signed.site), sign_all(Folder(signed.site).read, many, signed.keys))
    large = signed.publish("components/loss/new.json", b"{}")
    assert len(small) == len(large) == 4  # one bin, the snapshot, the timestamp, latest.json


def test_a_client_follows_more_bins(signed: SignedFolder) -> None:
    signed.client().fetch(DICE)
    many = [(f"components/loss/c{n}.json", b"{}") for n in range(4000)]
    dice = (DICE, (signed.site / DICE).read_bytes())
    write_signing(
        Folder(signed.site), sign_all(Folder(signed.site).read, [dice, *many], signed.keys)
    )
    client = signed.client()
    assert client.fetch(DICE) == b'{"dice": 1}'
    assert client.fetch("components/loss/no.json") is None


def test_python_tuf_reads_a_site_without_our_client(signed: SignedFolder, tmp_path: Path) -> None:
    """The oracle: the site is plain TUF, latest.json or not."""
    from kplug_registry.trust.fetching import SiteFetcher

    updater = Updater(
        str(tmp_path / "metadata"),
        f"{signed.site.as_uri()}/metadata/",
        str(tmp_path),
        f"{signed.site.as_uri()}/targets/",
        SiteFetcher(),
        bootstrap=signed.root,
    )
    info = updater.get_targetinfo(DICE)
    assert info is not None
    assert Path(updater.download_target(info)).read_bytes() == b'{"dice": 1}'


def test_clients_follow_a_root_with_new_keys(signed: SignedFolder, tmp_path: Path) -> None:
    signed.client().fetch(DICE)
    signers = generate_keys(tmp_path / "new", root_keys=2)
    root = rotate_root(signed.root, signed.keys, signers, threshold=2)
    for path, data in lay_out_root(root).items():
        write_file(signed.site / path, data)
    with pytest.raises(TrustError, match="keys of the role 'targets' have changed"):
        sign_changes(Folder(signed.site).read, {DICE: b"{}"}, read_keys(tmp_path / "new"))
    files = [(DICE, (signed.site / DICE).read_bytes())]
    write_signing(
        Folder(signed.site), sign_all(Folder(signed.site).read, files, read_keys(tmp_path / "new"))
    )
    for trusted in (signed.root, get_fingerprint(signed.root), get_fingerprint(root)):
        assert signed.client(root=trusted).fetch(DICE) == b'{"dice": 1}'


def test_a_new_root_needs_the_keys_of_the_old_one(signed: SignedFolder, tmp_path: Path) -> None:
    signers = generate_keys(tmp_path / "new")
    with pytest.raises(
        TrustError, match="the role 'root' needs 1 of its keys to sign, and 0 are at hand"
    ):
        rotate_root(signed.root, SigningKeys(), signers)


@pytest.mark.parametrize("threshold", [0, 3])
def test_a_threshold_that_no_root_can_have(tmp_path: Path, threshold: int) -> None:
    with pytest.raises(TrustError, match=f"{threshold} keys would have to sign a root that has 2"):
        make_root(generate_keys(tmp_path / "keys", root_keys=2), threshold)


def test_the_key_of_the_timestamp_renews_and_does_nothing_else(
    signed: SignedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = (signed.site.parent / "site-keys" / "timestamp.pem").read_text()
    monkeypatch.setenv("SITE_KEY", pem)
    only = read_keys("env:SITE_KEY")
    signing = renew_timestamp(Folder(signed.site).read, only)
    assert list(signing.files) == ["metadata/timestamp.json", "metadata/latest.json"]
    write_signing(Folder(signed.site), signing)
    assert signed.client().fetch(DICE) == b'{"dice": 1}'
    with pytest.raises(TrustError, match="the role 'targets' needs 1 of its keys to sign, and 0"):
        sign_changes(Folder(signed.site).read, {DICE: b"{}"}, only)


def test_signing_ends_with_the_turn_of_its_writer(signed: SignedFolder) -> None:
    before = {path: path.read_bytes() for path in signed.site.rglob("*.json")}
    for most in (0, 1, 9):
        checks = iter(range(most))

        def check(checks: Iterator[int] = checks) -> None:
            if next(checks, None) is None:
                raise PublishingError("the turn is over")

        with pytest.raises(PublishingError):
            sign_site(Folder(signed.site), signed.keys, check=check)
        assert all(path.read_bytes() == data for path, data in before.items())
    assert signed.client().fetch(DICE) == b'{"dice": 1}'


def test_a_publish_keeps_the_lifetimes_that_were_set(signed: SignedFolder) -> None:
    signed.sign(Lifetimes(timestamp=3, snapshot=40, targets=50))
    signed.publish(DICE, b'{"dice": 2}')
    assert list_days(signed, "timestamp.json", "*.snapshot.json", "*.bin-*.json") == {3, 40, 50}
    signed.sign()
    assert list_days(signed, "timestamp.json", "*.targets.json") == {3, 50}


@pytest.mark.parametrize("lifetime", [0, -1, 10**12, True, "7", 1.5])
def test_a_lifetime_that_nobody_set_is_not_kept(lifetime: object) -> None:
    previous = Timestamp(unrecognized_fields={"kplug_lifetime": lifetime})
    new = Timestamp()
    Lifetimes().set_expiry(new, previous)
    assert new.unrecognized_fields == {"kplug_lifetime": 14 * 86_400}


def list_days(signed: SignedFolder, *patterns: str) -> set[int]:
    """Return after how many days the newest metadata of each role expires."""
    folder, now = signed.site / METADATA, datetime.now(timezone.utc)
    newest = (
        max(folder.glob(one), key=lambda path: (path.stat().st_mtime_ns, path.name))
        for one in patterns
    )
    expiries = (Metadata[Any].from_file(str(path)).signed.expires for path in newest)
    return {round((expires - now) / timedelta(days=1)) for expires in expiries}


def test_keys_in_a_variable_and_in_a_folder_are_the_same(
    signed: SignedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = signed.site.parent / "site-keys"
    monkeypatch.setenv("ALL", "\n".join(each.read_text() for each in folder.glob("*.pem")))
    assert set(read_keys("env:ALL").by_id) == set(signed.keys.by_id)
    assert len(signed.keys.by_id) == 5


def test_keys_are_for_their_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    generate_keys(tmp_path / "keys")
    modes = {
        path.stat().st_mode & 0o077 for path in [tmp_path / "keys", *(tmp_path / "keys").iterdir()]
    }
    assert modes == {0}
    with pytest.raises(TrustError, match="holds keys already, and none is replaced"):
        generate_keys(tmp_path / "keys")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "'nowhere' holds no private key"),
        ("env:NOT_SET", "'env:NOT_SET' holds no private key"),
        ("env:BROKEN", "key 1 in env:BROKEN cannot be read as a private key"),
    ],
)
def test_keys_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    monkeypatch.setenv("BROKEN", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
    with pytest.raises(TrustError) as caught:
        read_keys(source)
    assert message in str(caught.value)
    assert "AAAA" not in str(caught.value)


def test_a_site_without_a_root_is_not_signed(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="the site has no root, which says whose signatures count"):
        sign_all(Folder(tmp_path).read, [], SigningKeys())
