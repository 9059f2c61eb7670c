"""Keys in external services: signing with them, and errors where that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from kplug_registry.errors import TrustError
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.verified_site import VerifiedSite
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,
    CryptoSigner,
    Key,
    Signature,
    Signer,
    SSlibKey,
)
from typer.testing import CliRunner

from kplug.cli.app import app

MakeWheel = Callable[..., Path]


class Vault(Signer):
    """A key service in memory: ``vault:NAME``."""

    keys: ClassVar[dict[str, CryptoSigner]] = {}

    def __init__(self, name: str, public_key: Key) -> None:
        self._name, self._public_key = name, public_key

    @property
    def public_key(self) -> Key:
        return self._public_key

    @classmethod
    def from_priv_key_uri(cls, uri: str, public_key: Key, _: object = None) -> Vault:
        return cls(uri.removeprefix("vault:"), public_key)

    def sign(self, payload: bytes) -> Signature:
        if self._name not in self.keys:
            raise PermissionError(f"no key {self._name}")
        signature = self.keys[self._name].sign(payload)
        return Signature(self._public_key.keyid, signature.signature)


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> dict[str, CryptoSigner]:
    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "vault", Vault)
    keys = {name: CryptoSigner(generate_private_key(SECP256R1())) for name in ("one", "two")}
    monkeypatch.setattr(Vault, "keys", keys)
    return keys


def write_public_key(folder: Path, key: CryptoSigner) -> Path:
    assert isinstance(key.public_key, SSlibKey)
    file = folder / f"{key.public_key.keyid[:8]}.pem"
    file.write_text(key.public_key.keyval["public"])
    return file


def call(*words: object) -> str:
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def read(site: Path, root: bytes, folder: Path) -> bytes | None:
    client = VerifiedSite(site.as_uri(), folder, get_fingerprint(root))
    return client.fetch("components/loss/waveloss.json")


def test_a_service_signs_what_keys_in_files_would(
    site: Path, tmp_path: Path, vault: dict[str, CryptoSigner], make_wheel: MakeWheel
) -> None:
    public = write_public_key(tmp_path, vault["one"])
    service = ["--signer", "vault:one", "--public-key", public]
    call("trust", "init", site, "--keys", tmp_path / "keys", *service)
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["root-1.pem"]
    root = (site / "metadata/root.json").read_bytes()
    call("trust", "sign", site, "--keys", "vault:one")
    first = read(site, root, tmp_path / "copy")
    call("publish", make_wheel(version="2.0"), "--to", site, "--keys", "vault:one")
    assert b'"2.0"' in (read(site, root, tmp_path / "copy") or first or b"")
    call("yank", "kplug-waves==2.0", "--to", site, "--keys", "vault:one")
    call("trust", "renew", site, "--keys", "vault:one")

    keys = ["--keys", tmp_path / "keys", "--keys", "vault:one"]
    other = ["--signer", "vault:two", "--public-key", write_public_key(tmp_path, vault["two"])]
    call("trust", "rotate", site, *keys, "--new-keys", tmp_path / "new", *other)
    with pytest.raises(
        TrustError, match="'vault:one' signs with no key that the site's root names"
    ):
        call("trust", "renew", site, "--keys", "vault:one")
    call("trust", "renew", site, "--keys", "vault:two")
    assert b'"2.0"' in (read(site, root, tmp_path / "copy") or b"")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--signer", "vault:three", "--public-key", "one.pem"],
            "'vault:three' signs with no key that the site's root names: PermissionError: no key three\n"
            "  Look at the address, at the credentials of the service, and at `kplug trust show SITE`.",
        ),
        (["--signer", "vault:two", "--public-key", "one.pem"], "signs with no key that the site's"),
        (
            ["--signer", "safe:one", "--public-key", "one.pem"],
            "no key is read from 'safe:one': nothing here signs for 'safe'\n  Addresses begin with ",
        ),
        (["--signer", "vault:one"], "--signer and --public-key belong together\n  Give both: "),
        (
            ["--signer", "vault:one", "--public-key", "none.pem"],
            "none.pem cannot be read as a public key: No such file or directory\n  Give a PEM file",
        ),
    ],
    ids=["no such key", "another key", "no such service", "no public key", "no file"],
)
def test_a_service_that_cannot_sign_makes_no_root(
    site: Path,
    tmp_path: Path,
    vault: dict[str, CryptoSigner],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_public_key(tmp_path, vault["one"]).rename("one.pem")
    result = CliRunner().invoke(app, ["trust", "init", str(site), "--keys", "keys", *options])
    assert isinstance(result.exception, TrustError)
    assert message in str(result.exception)
    assert not Path("keys").exists()
    assert not (site / "metadata").exists()


def test_a_service_that_stops_signing_changes_nothing(
    site: Path, tmp_path: Path, vault: dict[str, CryptoSigner], make_wheel: MakeWheel
) -> None:
    service = ["--signer", "vault:one", "--public-key", write_public_key(tmp_path, vault["one"])]
    call("trust", "init", site, "--keys", tmp_path / "keys", *service)
    call("trust", "sign", site, "--keys", "vault:one")
    before = {path: path.read_bytes() for path in site.rglob("*.json")}

    class Tired(CryptoSigner):
        def sign(self, payload: bytes) -> Signature:
            if b'"_type"' in payload:
                raise PermissionError("the quota is spent")
            return super().sign(payload)

    vault["one"].__class__ = Tired
    with pytest.raises(TrustError, match="does not sign: PermissionError: the quota is spent"):
        call("publish", make_wheel(version="2.0"), "--to", site, "--keys", "vault:one")
    assert {path: path.read_bytes() for path in site.rglob("*.json")} == before


def test_a_folder_with_a_colon_in_its_name_is_a_folder(site: Path, tmp_path: Path) -> None:
    keys = tmp_path / "my:keys"
    call("trust", "init", site, "--keys", keys)
    call("trust", "sign", site, "--keys", keys)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_key_of_awss_service_signs(
    aws_endpoint: str,
    site: Path,
    tmp_path: Path,
    make_wheel: MakeWheel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AWS's service is moto's server, over HTTP; its key signs, and python-tuf's client believes it."""
    import boto3
    from moto.kms.utils import ECDSAPrivateKey

    def sign(self: ECDSAPrivateKey, digest: bytes, _: str) -> bytes:
        return bytes(self.private_key.sign(digest, ECDSA(Prehashed(SHA256()))))

    monkeypatch.setattr(ECDSAPrivateKey, "sign", sign)  # moto's hashes the digest once more
    for name, value in {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    kms = boto3.client("kms")
    made = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    key = made["KeyMetadata"]["KeyId"]
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    service = ["--signer", f"awskms:{key}", "--public-key", tmp_path / "key.pem"]
    call("trust", "init", site, "--keys", tmp_path / "keys", *service)
    root = (site / "metadata/root.json").read_bytes()
    call("trust", "sign", site, "--keys", f"awskms:{key}")
    call("publish", make_wheel(version="2.0"), "--to", site, "--keys", f"awskms:{key}")
    assert b'"2.0"' in (read(site, root, tmp_path / "copy") or b"")
