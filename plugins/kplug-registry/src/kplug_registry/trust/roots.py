"""The root of trust: the keys of each role, and how many have to sign."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence

from securesystemslib.signer import Key, Signer
from tuf.api.metadata import Metadata, Role, Root

from kplug_registry.errors import TrustError
from kplug_registry.trust.keys import ROOT, SigningKeys, sign_metadata
from kplug_registry.trust.metadata_paths import metadata_path
from kplug_registry.trust.signing_lifetimes import USUAL, Lifetimes


def make_root(
    signers: Mapping[str, Sequence[Signer]],
    threshold: int = 1,
    lifetimes: Lifetimes = USUAL,
) -> bytes:
    """Return the first root of a site, signed.

    Args:
        signers: The keys of each role: ``root``, ``targets``, ``snapshot``, ``timestamp``.
        threshold: How many keys of the root have to sign a new one.
        lifetimes: How long it is valid.

    Raises:
        TrustError: if the root has fewer keys than that.
    """
    root = draft_root(None, _list_public(signers), threshold, lifetimes)
    return _sign(root, SigningKeys(signers[ROOT]))


def draft_root(
    previous: Root | None,
    keys: Mapping[str, Sequence[Key]],
    threshold: int | None = None,
    lifetimes: Lifetimes = USUAL,
) -> Metadata[Root]:
    """Return the next root without signatures.

    Args:
        previous: The last root; None for the first.
        keys: The public keys of roles that change.
        threshold: How many keys of the root have to sign the one after; unchanged by default.
        lifetimes: How long it is valid.

    Raises:
        TrustError: if the root has fewer keys than that.
    """
    root = Root(consistent_snapshot=True) if previous is None else copy.deepcopy(previous)
    root.version += previous is not None
    lifetimes.set_expiry(root, previous)
    _set_keys(root, keys, root.roles[ROOT].threshold if threshold is None else threshold)
    return Metadata(root)


def rotate_root(
    previous: bytes,
    keys: SigningKeys,
    signers: Mapping[str, Sequence[Signer]] | None = None,
    threshold: int | None = None,
    lifetimes: Lifetimes = USUAL,
) -> bytes:
    """Return the next root, with other keys, another threshold, or only a later expiry.

    Thresholds of both the old and the new root's keys have to sign it, so that clients can follow the chain.

    Args:
        previous: The last root.
        keys: The available private keys.
        signers: The new keys of roles that change.
        threshold: The new threshold of the root; unchanged by default.
        lifetimes: How long it is valid.

    Raises:
        TrustError: if too few keys are available.
    """
    old = Metadata[Root].from_bytes(previous).signed
    new = draft_root(old, _list_public(signers or {}), threshold, lifetimes)
    return _sign(new, SigningKeys([*keys.signers, *(signers or {}).get(ROOT, ())]), old)


def get_fingerprint(root: bytes) -> str:
    """Return the fingerprint of a root for settings: ``sha256:`` and the hash of its file."""
    return f"sha256:{hashlib.sha256(root).hexdigest()}"


def lay_out_root(root: bytes) -> dict[str, bytes]:
    """Return the files of a root by their paths in the site."""
    version = Metadata[Root].from_bytes(root).signed.version
    return {metadata_path(ROOT, version): root, metadata_path(ROOT): root}


def _list_public(signers: Mapping[str, Sequence[Signer]]) -> dict[str, list[Key]]:
    return {role: [signer.public_key for signer in found] for role, found in signers.items()}


def _set_keys(root: Root, keys: Mapping[str, Sequence[Key]], threshold: int) -> None:
    for role, new in keys.items():
        for key_id in list(root.roles[role].keyids):
            root.revoke_key(key_id, role)
        root.roles[role] = Role([], 1)
        for key in new:
            root.add_key(key, role)
    root.roles[ROOT].threshold = threshold
    count = len(root.roles[ROOT].keyids)
    if not 1 <= threshold <= count:
        raise TrustError(
            f"{threshold} keys would have to sign a root that has {count}",
            hint=f"Give a threshold from 1 to {count}, or more keys.",
        )


def _sign(root: Metadata[Root], keys: SigningKeys, previous: Root | None = None) -> bytes:
    for each in filter(None, (previous, root.signed)):
        role = each.roles[ROOT]
        for signer in keys.choose(ROOT, role.keyids, role.threshold):
            sign_metadata(root, signer)
    return root.to_bytes()
