"""``kplug trust``: from unsigned files to a trusted site, and through a rotation of keys."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from kplug_registry.errors import TrustError
from kplug_registry.publishing import root_changes, transactions
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import generate_keys
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.signing_lifetimes import DAYS
from kplug_registry.trust.verified_site import VerifiedSite
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata
from typer.testing import CliRunner

from kplug.cli.app import app

SERVICE = CryptoSigner.generate_ed25519()  # in place of keys in files for all roles but the root


def read_expiry(site: Path, role: str) -> int:
    """Return in how many days the newest metadata of a role expires, rounded."""
    data = (site / f"metadata/{role}.json").read_bytes()
    left: timedelta = Metadata[Any].from_bytes(data).signed.expires - datetime.now(timezone.utc)
    return round(left / timedelta(days=1))


def read_site(site: Path, folder: Path, root: bytes) -> bytes | None:
    """Return what a client reads that trusts a root."""
    client = VerifiedSite(site.as_uri(), folder, get_fingerprint(root))
    return client.fetch("registry.json")


def make_public(folder: Path, name: str) -> Path:
    """Make a key of a holder in a folder of its own, and return the file with its public part."""
    generate_keys(folder / name, 1, SERVICE)
    private = load_pem_private_key((folder / name / "root-1.pem").read_bytes(), None)
    file = folder / f"{name}-public.pem"
    file.write_bytes(
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return file


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
        client = VerifiedSite(site.as_uri(), tmp_path / "copy", get_fingerprint(root))
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
    (tmp_path / "keys" / "root-1.pem").unlink()
    with pytest.raises(TrustError, match="the role 'root' needs 1"):
        call("rotate", site, "--keys", tmp_path / "keys", "--new-keys", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert {path: path.read_bytes() for path in site.rglob("*.json")} == before


def test_a_rotation_keeps_the_number_of_root_keys_and_the_threshold(
    site: Path, tmp_path: Path
) -> None:
    keys, new = tmp_path / "keys", tmp_path / "new"
    call("init", site, "--keys", keys, "--root-keys", 3, "--threshold", 2)
    root = (site / "metadata/root.json").read_bytes()
    call("sign", site, "--keys", keys)
    call("rotate", site, "--keys", keys, "--new-keys", new)
    assert "root: 2 of 3 keys" in call("show", site)
    assert len(list(new.glob("root-*.pem"))) == 3
    assert read_site(site, tmp_path / "copy", root) == b"{}"
    with pytest.raises(TrustError, match="2 of 1 keys cannot sign"):
        call("rotate", site, "--keys", new, "--new-keys", tmp_path / "few", "--root-keys", 1)
    assert not (tmp_path / "few").exists()


def test_a_root_lives_longer_without_any_other_key(site: Path, tmp_path: Path) -> None:
    keys, online = tmp_path / "keys", tmp_path / "online"
    call("init", site, "--keys", keys, "--root-days", 30)
    root = (site / "metadata/root.json").read_bytes()
    call("sign", site, "--keys", keys)
    online.mkdir()
    for role in ("targets", "snapshot", "timestamp"):
        (keys / f"{role}.pem").rename(online / f"{role}.pem")
    timestamp = (site / "metadata/timestamp.json").read_bytes()
    call("rotate", site, "--keys", keys)
    assert read_expiry(site, "root") == 30
    call("rotate", site, "--keys", keys, "--root-days", 500)
    assert (read_expiry(site, "root"), read_expiry(site, "timestamp")) == (500, 14)
    assert (site / "metadata/timestamp.json").read_bytes() == timestamp
    assert read_site(site, tmp_path / "copy", root) == b"{}"
    client = VerifiedSite(site.as_uri(), tmp_path / "copy", get_fingerprint(root))
    client.refresh()
    assert Metadata[Any].from_file(str(tmp_path / "copy/metadata/root.json")).signed.version == 3


def test_the_days_that_were_set_are_kept(site: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    call("init", site, "--keys", keys)
    call("sign", site, "--keys", keys)
    assert read_expiry(site, "timestamp") == 14
    call("sign", site, "--keys", keys, "--days", 3)
    call("renew", site, "--keys", keys)
    assert read_expiry(site, "timestamp") == 3
    call("rotate", site, "--keys", keys, "--new-keys", tmp_path / "new")
    assert (read_expiry(site, "timestamp"), read_expiry(site, "root")) == (3, 365)
    call("renew", site, "--keys", tmp_path / "new", "--days", 5)
    call("sign", site, "--keys", tmp_path / "new")
    assert read_expiry(site, "timestamp") == 5


def test_holders_in_different_places_sign_one_after_another(site: Path, tmp_path: Path) -> None:
    online = tmp_path / "online"
    anna, bert, cora = (make_public(tmp_path, name) for name in ("anna", "bert", "cora"))
    file = tmp_path / "root.json"

    with pytest.raises(TrustError, match="has no root, so the first one needs all keys"):
        call("export", site, file, "--root-key", anna)
    holders = ["--root-key", anna, "--root-key", bert, "--root-key", cora]
    service = ["--online-key", make_public(tmp_path, "online")]
    shown = call("export", site, file, *holders, *service, "--threshold", 2)
    assert "root: 2 of 3 keys" in shown
    assert "0 of the keys of root 1 have signed, and 2 have to" in shown
    call("sign", file, "--keys", tmp_path / "anna")
    with pytest.raises(TrustError, match="1 of the keys of root 1 have signed, and 2 have to"):
        call("import", file, site)
    assert not (site / "metadata").exists()
    assert "2 of the keys of root 1 have" in call("sign", file, "--keys", tmp_path / "bert")
    call("import", file, site)
    root = (site / "metadata/root.json").read_bytes()
    call("sign", site, "--keys", online)
    assert read_site(site, tmp_path / "copy", root) == b"{}"

    call("export", site, file, "--root-days", 700)
    call("sign", file, "--keys", tmp_path / "bert")
    call("sign", file, "--keys", tmp_path / "cora")
    assert "3 of the keys" not in call("show", file)
    call("import", file, site)
    assert read_expiry(site, "root") == 700
    assert read_site(site, tmp_path / "copy", root) == b"{}"

    dora = make_public(tmp_path, "dora")  # Anna's key is lost: those who are left replace it
    call("export", site, file, "--root-key", dora, "--root-key", bert, "--root-key", cora)
    for holder in ("bert", "cora", "dora"):
        call("sign", file, "--keys", tmp_path / holder)
    assert "(removed)" in call("show", file)
    call("import", file, site)
    assert read_site(site, tmp_path / "copy", root) == b"{}"
    assert "root 3, " in call("show", site)


def test_a_new_online_key_signs_the_site_with_the_root_that_names_it(
    site: Path, tmp_path: Path
) -> None:
    keys, new, file = tmp_path / "keys", tmp_path / "new", tmp_path / "root.json"
    call("init", site, "--keys", keys)
    call("sign", site, "--keys", keys)
    root = (site / "metadata/root.json").read_bytes()
    call("export", site, file, "--online-key", make_public(tmp_path, "new"))
    call("sign", file, "--keys", keys)
    before = {path: path.read_bytes() for path in site.rglob("*.json")}
    with pytest.raises(TrustError, match="the role 'targets' needs 1 of its keys"):
        call("import", file, site)
    assert {path: path.read_bytes() for path in site.rglob("*.json")} == before
    call("import", file, site, "--keys", new)
    assert read_site(site, tmp_path / "copy", root) == b"{}"


def test_a_draft_that_is_wrong_is_refused(site: Path, tmp_path: Path) -> None:
    keys, file = tmp_path / "keys", tmp_path / "root.json"
    call("init", site, "--keys", keys)
    call("export", site, file)
    make_public(tmp_path, "eve")
    with pytest.raises(TrustError, match="none of the keys at hand is one of this root"):
        call("sign", file, "--keys", tmp_path / "eve")
    call("sign", file, "--keys", keys)
    signed = file.read_text()
    found = json.loads(signed)
    altered = json.loads(found["root"])
    altered["signed"]["expires"] = "2099-01-01T00:00:00Z"
    file.write_text(json.dumps({**found, "root": json.dumps(altered)}))
    with pytest.raises(TrustError, match=r"(?s)signature of the key .* is not one of this root"):
        call("sign", file, "--keys", keys)
    with pytest.raises(TrustError, match="0 of the keys of root 1 have signed"):
        call("import", file, site)
    file.write_text(signed)
    call("rotate", site, "--keys", keys)
    with pytest.raises(TrustError, match="the draft follows root 1, and the site has root 2"):
        call("import", file, site)
    for text in ("", "[]", '{"previous": null, "root": "{}"}', '{"previous": 1, "root": "{}"}'):
        file.write_text(text)
        with pytest.raises(TrustError, match="holds no draft of a root"):
            call("show", file)
    with pytest.raises(TrustError, match=r"gone cannot be read: No such file"):
        call("import", tmp_path / "gone", site)


def test_a_draft_with_the_key_of_another_under_a_known_identifier_is_refused(
    site: Path, tmp_path: Path
) -> None:
    """Holders see identifiers, and TUF lets anybody choose those."""
    anna, bert, file = make_public(tmp_path, "anna"), make_public(tmp_path, "bert"), tmp_path / "f"
    service = make_public(tmp_path, "online")
    call("export", site, file, "--root-key", anna, "--root-key", bert, "--online-key", service)
    found = json.loads(file.read_text())
    root = json.loads(found["root"])
    anna_id, bert_id = root["signed"]["roles"]["root"]["keyids"]
    for altered in (
        {**root["signed"]["keys"], bert_id: SERVICE.public_key.to_dict()},
        {**root["signed"]["keys"], bert_id: root["signed"]["keys"][anna_id]},
    ):
        changed = {**root, "signed": {**root["signed"], "keys": altered}}
        file.write_text(json.dumps({**found, "root": json.dumps(changed)}))
        for words in (["show", file], ["sign", file, "--keys", tmp_path / "anna"]):
            with pytest.raises(TrustError, match=f"has another key under the identifier {bert_id}"):
                call(*words)


def test_a_draft_with_another_number_is_refused(site: Path, tmp_path: Path) -> None:
    """Clients look for the next number, so they would never follow."""
    keys, file = tmp_path / "keys", tmp_path / "root.json"
    call("init", site, "--keys", keys)
    call("export", site, file)
    found = json.loads(file.read_text())
    root = json.loads(found["root"])
    for version in (1, 3):
        root["signed"]["version"] = version
        file.write_text(json.dumps({**found, "root": json.dumps(root)}))
        with pytest.raises(TrustError, match=f"holds root {version}, and clients look for root 2"):
            call("sign", file, "--keys", keys)


def test_an_export_replaces_drafts_alone(site: Path, tmp_path: Path) -> None:
    key = tmp_path / "keys/root-1.pem"
    call("init", site, "--keys", tmp_path / "keys")
    before = key.read_bytes()
    with pytest.raises(TrustError, match=r"root-1\.pem holds no draft of a root"):
        call("export", site, key)
    assert key.read_bytes() == before
    for _ in range(2):
        call("export", site, tmp_path / "root.json")


def test_a_number_of_new_keys_needs_a_folder(site: Path, tmp_path: Path) -> None:
    call("init", site, "--keys", tmp_path / "keys")
    with pytest.raises(TrustError, match=r"(?s)no folder is given for them.*--new-keys FOLDER"):
        call("rotate", site, "--keys", tmp_path / "keys", "--root-keys", 5)
    assert "root 1, " in call("show", site)


def test_a_number_that_cannot_be_signed_makes_no_draft(site: Path, tmp_path: Path) -> None:
    keys, file = tmp_path / "keys", tmp_path / "root.json"
    call("init", site, "--keys", keys)
    call("export", site, file)
    found = json.loads(file.read_text())
    root = json.loads(found["root"])
    root["signed"]["more"] = 0.5
    file.write_text(json.dumps({**found, "root": json.dumps(root)}))
    with pytest.raises(TrustError, match="holds no draft of a root"):
        call("show", file)


def test_keys_get_into_the_folder_that_is_there(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a stick, or the folder of the command; nothing is written beside it."""
    stick = tmp_path / "stick"
    stick.mkdir()
    monkeypatch.chdir(stick)
    before = sorted(tmp_path.iterdir())
    call("init", site, "--keys", ".")
    assert len(list(stick.iterdir())) == 4
    assert sorted(tmp_path.iterdir()) == before


def test_a_renewal_says_that_other_metadata_has_expired(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    call("init", site, "--keys", keys)
    monkeypatch.setitem(DAYS, "snapshot", -1)
    call("sign", site, "--keys", keys)
    snapshot = next(line for line in call("show", site).splitlines() if "snapshot" in line)
    assert snapshot.startswith("  snapshot: 1 of 1 keys, expires 20")
    with pytest.raises(TrustError, match=r"(?s)but the snapshot has expired at .*`kplug trust sig"):
        call("renew", site, "--keys", keys)
    monkeypatch.undo()
    call("sign", site, "--keys", keys)
    call("renew", site, "--keys", keys)


def test_a_site_from_a_backup_is_accepted_with_other_keys(site: Path, tmp_path: Path) -> None:
    keys, new = tmp_path / "keys", tmp_path / "new"
    call("init", site, "--keys", keys)
    call("sign", site, "--keys", keys)
    root = (site / "metadata/root.json").read_bytes()
    shutil.copytree(site, tmp_path / "backup")
    (site / "registry.json").write_text('{"newer": 1}')
    for _ in range(3):
        call("sign", site, "--keys", keys)
    assert read_site(site, tmp_path / "copy", root) == b'{"newer": 1}'
    shutil.rmtree(site)
    shutil.copytree(tmp_path / "backup", site)
    with pytest.raises(TrustError, match="it shows an older state than this machine has seen"):
        read_site(site, tmp_path / "copy", root)
    call("rotate", site, "--keys", keys, "--new-keys", new)
    assert read_site(site, tmp_path / "copy", root) == b"{}"


class DiedError(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("is_written", [False, True], ids=["before the journal", "after it"])
@pytest.mark.parametrize("command", ["init", "rotate"])
def test_whoever_is_killed_while_keys_change_goes_on(
    site: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    is_written: bool,
) -> None:
    keys, new = tmp_path / "keys", tmp_path / "new"
    words: list[object] = ["init", site, "--keys", keys]
    made = keys
    if command == "rotate":
        call(*words)
        call("sign", site, "--keys", keys)
        words, made = ["rotate", site, "--keys", keys, "--new-keys", new], new
    root = (site / "metadata/root.json").read_bytes() if command == "rotate" else b""

    def die(*_: object) -> None:
        raise DiedError

    with monkeypatch.context() as patch:
        module: Any = transactions if is_written else root_changes
        patch.setattr(module, "_complete" if is_written else "commit", die_at_end(die, module))
        with pytest.raises(DiedError):
            call(*words)
    assert not list(made.glob("*.pem"))
    call(*words)
    assert len(list(made.iterdir())) == 4
    if command == "rotate":
        assert "root 2, " in call("show", site)
        assert read_site(site, tmp_path / "copy", root) == b"{}"
    call("sign", site, "--keys", made)


def die_at_end(die: Callable[..., None], module: Any) -> Callable[..., None]:
    """Return what dies where a journal is completed: not at the beginning of a turn, when there is none."""

    def run(site: Folder, *arguments: Any) -> None:
        if module is root_changes or site.read(arguments[-1]) is not None:
            die()

    return run
