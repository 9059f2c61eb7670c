"""`RootDraft`: the next root of a site in a file, which the holders of its keys sign one after another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from kplug_registry.errors import TrustError
from kplug_registry.trust.keys import ROLES, ROOT, SigningKeys, sign_metadata
from kplug_registry.trust.roots import get_fingerprint


@dataclass(frozen=True, slots=True)
class RootDraft:
    """A root that may lack signatures, with the one before it.

    Args:
        previous: The file of the last root of the site; None if it has none.
        root: The metadata of the next.
    """

    previous: bytes | None
    root: Metadata[Root]

    @classmethod
    def from_text(cls, text: bytes, where: str) -> RootDraft:
        """Return the draft in a file.

        Raises:
            TrustError: if it is none, or one that nobody should sign.
        """
        try:
            found = json.loads(text)
            previous = None if found["previous"] is None else found["previous"].encode()
            draft = cls(previous, _parse(found["root"].encode()))
            number = 1 if previous is None else _parse(previous).signed.version + 1
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise TrustError(
                f"{where} holds no draft of a root",
                hint="`kplug trust export SITE FILE` writes one.",
            ) from error
        root = draft.root.signed
        if root.version != number:
            raise TrustError(
                f"{where} holds root {root.version}, and clients look for root {number} next",
                hint="Do not sign it. Begin anew: kplug trust export SITE FILE",
            )
        wrong = next((key_id for key_id, key in root.keys.items() if key_id != _make_id(key)), None)
        if wrong is not None:  # it would be shown as the key of somebody else
            raise TrustError(
                f"{where} has another key under the identifier {wrong[:80]}",
                hint="Do not sign it. Begin anew: kplug trust export SITE FILE",
            )
        return draft

    def to_text(self) -> bytes:
        """Return the content of its file."""
        previous = None if self.previous is None else self.previous.decode()
        return json.dumps({"previous": previous, "root": self.root.to_bytes().decode()}).encode()

    def sign(self, keys: SigningKeys) -> None:
        """Add the signatures of those keys that count for it.

        Raises:
            TrustError: if none does, or the root has changed since somebody signed it.
        """
        known = {
            key_id: each.keys[key_id]
            for each in self._list_signers()
            for key_id in each.roles[ROOT].keyids
        }
        signed = self._verify()
        broken = sorted(self.root.signatures.keys() - {key for one in signed for key in one.signed})
        if broken:
            raise TrustError(
                f"the signature of the key {broken[0][:80]} is not one of this root",
                hint="Somebody has changed the file since. Begin anew: kplug trust export SITE FILE",
            )
        signers = [signer for key_id, signer in keys.by_id.items() if key_id in known]
        if not signers:
            raise TrustError(
                "none of the keys at hand is one of this root or of the one before",
                hint="`kplug trust show FILE` lists those that have not signed.",
            )
        for signer in signers:
            sign_metadata(self.root, signer)

    def finish(self, current: bytes | None) -> bytes:
        """Return the signed root, which clients that trust the current one follow.

        Args:
            current: The root of the site now.

        Raises:
            TrustError: if it was made from another root, has expired, or lacks signatures.
        """
        if self.previous != current:
            made, found = (
                "none" if one is None else f"root {_parse(one).signed.version}"
                for one in (self.previous, current)
            )
            raise TrustError(
                f"the draft follows {made}, and the site has {found}"
                + " of another content" * (made == found),
                hint="Begin anew: kplug trust export SITE FILE",
            )
        if self.root.signed.is_expired():
            raise TrustError(
                f"the draft has expired at {self.root.signed.expires:%Y-%m-%dT%H:%M:%SZ}",
                hint="Begin anew, with more --root-days.",
            )
        lacking = [line for line, is_enough in self._count_signatures() if not is_enough]
        if lacking:
            raise TrustError(
                f"the draft is not signed by enough keys: {'; '.join(lacking)}",
                hint="Whoever holds one of the others signs it: kplug trust sign FILE --keys KEYS",
            )
        return self.root.to_bytes()

    def describe(self) -> Iterator[str]:
        """Yield lines for whoever is to sign: what changes, and who has signed."""
        root = self.root.signed
        before = None if self.previous is None else _parse(self.previous).signed
        yield f"draft of root {root.version}, expires {root.expires:%Y-%m-%d}"
        if self.previous is not None and before is not None:
            yield f"follows root {before.version}, {get_fingerprint(self.previous)}"
        for name in ROLES:
            role = root.roles[name]
            old = before and set(before.roles[name].keyids)
            yield f"  {name}: {role.threshold} of {len(role.keyids)} keys"
            yield from (f"    {key}{'' if old and key in old else ' (new)'}" for key in role.keyids)
            yield from (f"    {key} (removed)" for key in sorted((old or set()) - set(role.keyids)))
        yield from (line for line, _ in self._count_signatures())

    def _list_signers(self) -> list[Root]:
        before = [] if self.previous is None else [_parse(self.previous).signed]
        return [*before, self.root.signed]

    def _verify(self) -> list[Any]:
        return [
            each.get_verification_result(ROOT, self.root.signed_bytes, self.root.signatures)
            for each in self._list_signers()
        ]

    def _count_signatures(self) -> Iterator[tuple[str, bool]]:
        """Yield a clause about the signatures for each root, with whether they are enough."""
        for each, found in zip(self._list_signers(), self._verify(), strict=True):
            count = f"{len(found.signed)} of the keys of root {each.version} have signed"
            yield f"{count}, and {found.threshold} have to", found.verified


def _parse(data: bytes) -> Metadata[Root]:
    """Return a root.

    Raises:
        ValueError: if it is no metadata.
        TypeError: if it is that of another role.
    """
    try:
        found = Metadata[Root].from_bytes(data)
        found.signed_bytes  # noqa: B018 - what cannot be signed raises
    except RepositoryError as error:
        raise ValueError(str(error)) from error
    if not isinstance(found.signed, Root):
        raise TypeError("it is metadata of another role")
    return found


def _make_id(key: Key) -> str:
    """Return the identifier of a key, which TUF lets anybody choose: the hash of its canonical JSON."""
    return hashlib.sha256((encode_canonical(key.to_dict()) or "").encode()).hexdigest()
