"""Keys in external services, addressed by URIs that securesystemslib knows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, Key, Signer, SSlibKey
from tuf.api.metadata import Metadata, Root

from kplug_registry.errors import TrustError
from kplug_registry.trust.keys import ROLES, SigningKeys, read_keys

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)  # a single letter is a Windows drive
_EXTRAS = {"hv": "vault", "file2": "crypto"}  # if not named after the URI's scheme
_PROBE = b"kplug: which key is this?"


def gather_keys(sources: Iterable[str], *roots: bytes | None) -> SigningKeys:
    """Return the combined keys of several sources.

    Args:
        sources: Folders, ``env:NAME``, and addresses such as ``awskms:KEY``.
        roots: Roots of the site, which have the public keys of addresses; None for one that is not there.

    Raises:
        TrustError: if a source has no key, or none that the root names.
    """
    public = [key for root in roots if root is not None for key in _list_public_keys(root)]
    signers: list[Signer] = []
    for source in sources:
        if is_signer_uri(source):
            signers.append(open_signer(source, public))
        else:
            signers += read_keys(source).signers
    return SigningKeys(signers)


def is_signer_uri(source: str) -> bool:
    """Whether a source of keys is an address, and neither a folder nor a variable.

    Example:
        >>> is_signer_uri("awskms:alias/plugins"), is_signer_uri("env:KEYS"), is_signer_uri("keys")
        (True, False, False)
    """
    found = _ADDRESS.match(source)
    return found is not None and found[1].lower() != "env" and not Path(source).is_dir()


def open_signer(uri: str, public_keys: Iterable[Key]) -> Signer:
    """Return the signer for a URI, which a test signature matches to one of the public keys.

    Args:
        uri: The URI.
        public_keys: The candidates for its public key.

    Raises:
        TrustError: if the URI is unsupported, its service does not answer, or no key matches.
    """
    scheme = uri.partition(":")[0]
    if scheme not in SIGNER_FOR_URI_SCHEME:
        raise TrustError(
            f"no key is read from {uri!r}: nothing here signs for {scheme!r}",
            hint=f"Addresses begin with {', '.join(sorted(SIGNER_FOR_URI_SCHEME))}. For keys in files, "
            "give a folder or env:NAME.",
        )
    reason = "the root names no key"
    for key in public_keys:
        try:
            signer = Signer.from_priv_key_uri(uri, key)
            key.verify_signature(signer.sign(_PROBE), _PROBE)
        except UnsupportedLibraryError as error:
            raise TrustError(
                f"{uri!r} needs a library that is missing: {error}",
                hint=f"pip install 'securesystemslib[{_EXTRAS.get(scheme, scheme)}]'",
            ) from error
        except Exception as error:  # noqa: BLE001 - every service has errors of its own
            reason = f"{type(error).__name__}: {error}"
        else:
            return signer
    raise TrustError(
        f"{uri!r} signs with no key that the site's root names: {' '.join(reason.split())[:300]}",
        hint="Look at the address, at the credentials of the service, and at `kplug trust show SITE`.",
    )


def read_public_key(file: Path) -> SSlibKey:
    """Return the public key of a PEM file, as key services export it.

    Raises:
        TrustError: if there is none, or its type is unsupported.
    """
    try:
        return SSlibKey.from_crypto(load_pem_public_key(file.read_bytes()))
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise TrustError(
            f"{file} cannot be read as a public key: {reason}",
            hint="Give a PEM file with an Ed25519, ECDSA or RSA key; key services export one.",
        ) from error


def _list_public_keys(root: bytes) -> list[Key]:
    """Return the public keys of a root, those that sign most often first."""
    signed = Metadata[Root].from_bytes(root).signed
    ids = [key_id for role in reversed(ROLES) for key_id in signed.roles[role].keyids]
    return [signed.keys[key_id] for key_id in dict.fromkeys(ids)]
