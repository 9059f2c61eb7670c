"""Signing keys: from PEM files, from an environment variable, or from any TUF signer.

The root, not the key files, assigns keys to roles, by their identifiers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, Signer
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root

from kplug_registry.errors import TrustError

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = ROLES = ("root", "targets", "snapshot", "timestamp")
_VARIABLE = "env:"
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\s*", re.DOTALL)


@dataclass(frozen=True)
class SigningKeys:
    """The available keys, by identifier.

    Args:
        signers: Their signers, for files or for a key service that securesystemslib knows.
    """

    signers: Iterable[Signer] = ()
    by_id: Mapping[str, Signer] = field(init=False)

    def __post_init__(self) -> None:
        found = {signer.public_key.keyid: signer for signer in self.signers}
        object.__setattr__(self, "signers", tuple(found.values()))
        object.__setattr__(self, "by_id", found)

    def choose(self, role: str, key_ids: Iterable[str], threshold: int) -> list[Signer]:
        """Return the signers of a role.

        Raises:
            TrustError: if fewer than the threshold are available.
        """
        found = [self.by_id[key_id] for key_id in key_ids if key_id in self.by_id]
        if len(found) < threshold:
            raise TrustError(
                f"the role {role!r} needs {threshold} of its keys to sign, and {len(found)} are at hand",
                hint="Give what holds them: --keys FOLDER, --keys env:NAME or --keys awskms:KEY, or several.",
            )
        return found


def read_keys(source: str | Path) -> SigningKeys:
    """Read private keys.

    Args:
        source: A folder whose ``*.pem`` files hold unencrypted PKCS #8 keys, or ``env:NAME`` for a variable
            that holds such keys, one after the other.

    Raises:
        TrustError: if there are none, or one cannot be read.
    """
    texts = (
        _read_variable(str(source)) if str(source).startswith(_VARIABLE) else _read_folder(source)
    )
    signers = [_make_signer(place, text) for place, text in texts.items()]
    if not signers:
        raise TrustError(
            f"{str(source)!r} holds no private key",
            hint="Keys are PEM files in a folder, or PEM text in env:NAME; `kplug trust init` makes some.",
        )
    return SigningKeys(signers)


def generate_keys(
    folder: Path, root_keys: int = 1, service: Signer | None = None
) -> dict[str, list[Signer]]:
    """Write a new Ed25519 key for each role, several for the root, and return their signers by role.

    Args:
        folder: The folder for the keys.
        root_keys: The number of root keys.
        service: The signer of all roles but the root, in place of keys.

    Raises:
        TrustError: if the folder has keys already, which are never replaced.
    """
    _check_new(folder)
    names = {ROOT: [f"root-{number}" for number in range(1, root_keys + 1)]}
    online: dict[str, list[Signer]] = {}
    for role in ROLES[1:]:
        if service is None:
            names[role] = [role]
        else:
            online[role] = [service]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = {
        role: [_generate(folder / f"{name}.pem") for name in files] for role, files in names.items()
    }
    return made | online


def stage_keys(
    folder: Path, root_keys: int = 1, service: Signer | None = None
) -> dict[str, list[Signer]]:
    """Generate keys that wait in a folder below theirs until `settle_keys`.

    A command that is killed before its root counts leaves no keys there that nothing names. On the same file
    system, they can be moved.

    Raises:
        TrustError: if the folder has keys already.
    """
    _check_new(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return generate_keys(_find_stage(folder), root_keys, service)


def settle_keys(folder: Path, root: Root | None) -> bool:
    """Move staged keys to their folder if the root of the site names them; remove them otherwise.

    Args:
        folder: The folder for the keys.
        root: The current root of the site.

    Returns:
        Whether keys were moved.
    """
    stage = _find_stage(folder)
    files = sorted(stage.glob("*.pem"))
    try:
        used = root.keys if root is not None else {}
        is_named = bool(files) and all(key_id in used for key_id in read_keys(stage).by_id)
    except TrustError:  # one that was not written whole is in no root
        is_named = False
    for file in files:
        file.replace(folder / file.name) if is_named else file.unlink()
    if stage.exists():
        stage.rmdir()
    return is_named


def sign_metadata(metadata: Metadata[Any], signer: Signer) -> None:
    """Add a signature to metadata.

    Raises:
        TrustError: if the signer fails, as a service may.
    """
    try:
        metadata.sign(signer, append=True)
    except UnsignedMetadataError as error:
        cause = error.__cause__ or error
        raise TrustError(
            f"the key {signer.public_key.keyid} does not sign: {type(cause).__name__}: {cause}",
            hint="Nothing was written. If a key service has it, look at its address and credentials.",
        ) from error


def _check_new(folder: Path) -> None:
    if list(folder.glob("*.pem")):
        raise TrustError(
            f"{str(folder)!r} holds keys already, and none is replaced",
            hint="Give a new folder, or sign with the keys that are there.",
        )


def _find_stage(folder: Path) -> Path:
    return folder / ".new"


def _generate(file: Path) -> Signer:
    signer = CryptoSigner.generate_ed25519()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(signer.private_bytes)
        stream.flush()
        os.fsync(descriptor)  # before a root names it
    return signer


def _read_folder(source: str | Path) -> dict[str, str]:
    files = sorted(Path(source).glob("*.pem"))
    return {str(file): file.read_text(encoding="ascii", errors="replace") for file in files}


def _read_variable(source: str) -> dict[str, str]:
    text = os.environ.get(source.removeprefix(_VARIABLE), "")
    return {f"key {n} in {source}": pem for n, pem in enumerate(_PEM.findall(text), 1)}


def _make_signer(place: str, text: str) -> Signer:
    try:
        key: PrivateKeyTypes = load_pem_private_key(text.encode("ascii", "replace"), None)
        return CryptoSigner(key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TrustError(
            f"{place} cannot be read as a private key: {error}",
            hint="Keys are unencrypted PKCS #8 in PEM: Ed25519, ECDSA or RSA.",
        ) from error
