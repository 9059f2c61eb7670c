"""An independent client of a signed site, written from docs/registry.md alone; imports no kplug."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typer.testing import CliRunner

from kplug.cli.app import app


class UntrustedError(Exception):
    """The site's content is not what its keys have signed."""


class SecondClient:
    """Reads one site, beginning with the root that has this fingerprint."""

    def __init__(self, address: str, fingerprint: str) -> None:
        self.address = address.rstrip("/")
        self.texts: dict[str, str] = json.loads(self.fetch("metadata/latest.json"))["files"]
        self.root = self.follow_roots(self.find_root(fingerprint))

    def fetch(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.address}/{quote(path)}", timeout=10) as answer:
            return bytes(answer.read())

    def fetch_metadata(self, name: str) -> bytes:
        text = self.texts.get(f"metadata/{name}.json")
        return text.encode() if text is not None else self.fetch(f"metadata/{name}.json")

    def fetch_root(self, version: int) -> bytes | None:
        try:
            return self.fetch_metadata(f"{version}.root")
        except urllib.error.HTTPError as error:
            if error.code in (403, 404):
                return None
            raise

    def find_root(self, fingerprint: str) -> dict[str, Any]:
        version = 1
        while (text := self.fetch_root(version)) is not None:
            if f"sha256:{hashlib.sha256(text).hexdigest()}" == fingerprint:
                return dict(json.loads(text)["signed"])
            version += 1
        raise UntrustedError("no root has the fingerprint")

    def follow_roots(self, root: dict[str, Any]) -> dict[str, Any]:
        while (text := self.fetch_root(root["version"] + 1)) is not None:
            following = json.loads(text)["signed"]
            for each in (root, following):
                check_signatures(text, each["keys"], each["roles"]["root"])
            root = check_version(following, root["version"] + 1)
        return check_date(root)

    def read_role(self, role: str, described: dict[str, Any] | None = None) -> dict[str, Any]:
        name = role if described is None else f"{described['version']}.{role}"
        text = self.fetch_metadata(name)
        check_signatures(text, self.root["keys"], self.root["roles"][role])
        return self.check(text, described)

    def read_bin(self, path: str) -> dict[str, Any]:
        timestamp = self.read_role("timestamp")
        versions = self.read_role("snapshot", timestamp["meta"]["snapshot.json"])["meta"]
        delegations = self.read_role("targets", versions["targets.json"])["delegations"]
        bins = delegations["succinct_roles"]
        name = find_bin(path, bins["bit_length"], bins["name_prefix"])
        described = versions[f"{name}.json"]
        text = self.fetch_metadata(f"{described['version']}.{name}")
        check_signatures(text, delegations["keys"], bins)
        return self.check(text, described)

    def check(self, text: bytes, described: dict[str, Any] | None) -> dict[str, Any]:
        signed = check_date(json.loads(text)["signed"])
        if described is not None:
            check_content(text, described)
            check_version(signed, described["version"])
        return signed

    def read_file(self, path: str) -> bytes | None:
        """Return a file of the site; None if the site has none of this path."""
        described = self.read_bin(path)["targets"].get(path)
        if described is None:
            return None
        folder, _, name = path.rpartition("/")
        content = self.fetch(f"targets/{folder}/{described['hashes']['sha256']}.{name}")
        return check_content(content, described)

    def get_wheel(self, kind: str, name: str) -> tuple[str, bytes]:
        """Return the newest wheel that offers a name and is not withdrawn: its file name and content."""
        key = name.casefold().replace("_", "").replace("-", "")
        file = self.read_file(f"components/{kind}/{key}.json")
        if file is None:
            raise LookupError(f"nobody offers the {kind} {name}")
        offer = next(each for each in json.loads(file)["offers"] if each["yanked"] is None)
        wheel = offer["wheels"][0]  # the only one: else by the tags of its name
        content = self.fetch(f"files/{wheel['filename']}")
        described = {"length": wheel["size"], "hashes": {"sha256": wheel["sha256"]}}
        return wheel["filename"], check_content(content, described)


def check_signatures(text: bytes, keys: dict[str, Any], role: dict[str, Any]) -> None:
    document = json.loads(text)
    message = json.dumps(
        document["signed"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    valid = set()
    for signature in document["signatures"]:
        if signature["keyid"] not in role["keyids"]:
            continue
        key = Ed25519PublicKey.from_public_bytes(
            bytes.fromhex(keys[signature["keyid"]]["keyval"]["public"])
        )
        try:
            key.verify(bytes.fromhex(signature["sig"]), message.encode())
            valid.add(signature["keyid"])
        except InvalidSignature:
            continue
    if len(valid) < role["threshold"]:
        raise UntrustedError("too few of the role's keys have signed it")


def check_content(content: bytes, described: dict[str, Any]) -> bytes:
    if "length" in described and len(content) != described["length"]:
        raise UntrustedError("it has another length")
    for algorithm, digest in described.get("hashes", {}).items():
        if hashlib.new(algorithm, content).hexdigest() != digest:
            raise UntrustedError("it is not the file that was signed")
    return content


def check_version(signed: dict[str, Any], version: int) -> dict[str, Any]:
    if signed["version"] != version:
        raise UntrustedError("it is of another version")
    return signed


def check_date(signed: dict[str, Any]) -> dict[str, Any]:
    if datetime.fromisoformat(signed["expires"].replace("Z", "+00:00")) < datetime.now(
        timezone.utc
    ):
        raise UntrustedError("it has expired")
    return signed


def find_bin(path: str, bit_length: int, prefix: str) -> str:
    number = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") >> (32 - bit_length)
    digits = len(f"{2**bit_length - 1:x}")
    return f"{prefix}-{number:0{digits}x}"


Signed = tuple[Path, str]
Serve = Callable[[Path], AbstractContextManager[str]]


@pytest.fixture
def signed(tmp_path: Path, make_wheel: Callable[..., Path]) -> Signed:
    """Return a site whose newer release is withdrawn, and the fingerprint of its root."""
    site, keys = tmp_path / "site", tmp_path / "keys"
    run_kplug("index", "build", make_wheel(), make_wheel(version="2.0"), "--out", site)
    fingerprint = run_kplug("trust", "init", site, "--keys", keys).split()[-1]
    run_kplug("trust", "sign", site, "--keys", keys)
    run_kplug("yank", "kplug-waves==2.0", "--to", site, "--keys", keys)
    return site, fingerprint


def run_kplug(*words: object) -> str:
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_gets_the_newest_wheel_that_is_not_withdrawn(signed: Signed, serve: Serve) -> None:
    site, fingerprint = signed
    with serve(site) as address:
        name, content = SecondClient(address, fingerprint).get_wheel("loss", "Wave-Loss")
    assert name == "kplug_waves-1.0-py3-none-any.whl"
    assert content == (site / "files" / name).read_bytes()


def test_it_follows_to_other_keys_from_the_root_that_it_trusts(
    signed: Signed, serve: Serve, tmp_path: Path
) -> None:
    site, fingerprint = signed
    run_kplug("trust", "rotate", site, "--keys", tmp_path / "keys", "--new-keys", tmp_path / "new")
    with serve(site) as address:
        assert SecondClient(address, fingerprint).get_wheel("loss", "wave_loss")


@pytest.mark.parametrize(
    "path", ["targets/components/loss/*", "files/*-1.0-*.whl", "metadata/*.snapshot.json"]
)
def test_it_refuses_altered_files(signed: Signed, serve: Serve, path: str) -> None:
    site, fingerprint = signed
    (site / "metadata/latest.json").write_text('{"root": 1, "files": {}}')
    for file in site.glob(path):
        file.write_bytes(file.read_bytes().replace(b"1", b"2"))
    with serve(site) as address, pytest.raises(UntrustedError):
        SecondClient(address, fingerprint).get_wheel("loss", "wave_loss")


def test_it_refuses_another_root(signed: Signed, serve: Serve) -> None:
    with (
        serve(signed[0]) as address,
        pytest.raises(UntrustedError, match="no root has the fingerprint"),
    ):
        SecondClient(address, "sha256:" + "0" * 64)
