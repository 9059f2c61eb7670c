"""A signed site in a folder, and what a client sees of it: for tests of kplug-registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.lifetimes import USUAL, Lifetimes
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root
from kplug_registry.trust.signing import (
    reader_of,
    sign_changes,
    sign_site,
    write_file,
    write_signing,
)
from kplug_registry.trust.verified_site import VerifiedSite

DICE = "components/loss/dice.json"


@dataclass
class SignedFolder:
    """A site, its keys, and the place of a client's copy."""

    site: Path
    keys: SigningKeys
    root: bytes
    copy: Path

    def client(
        self, address: str = "", root: bytes | str = "", fetcher: SiteFetcher | None = None
    ) -> VerifiedSite:
        """Return a client with what it has seen before, which makes one attempt at each file."""
        return VerifiedSite(
            address or self.site.as_uri(),
            self.copy,
            root or get_fingerprint(self.root),
            fetcher,
            pauses=(),
        )

    def write(self, path: str, data: bytes) -> None:
        """Write a file without signing it."""
        write_file(self.site / path, data)

    def sign(self, lifetimes: Lifetimes = USUAL) -> None:
        """Sign everything."""
        sign_site(self.site, self.keys, lifetimes)

    def publish(self, path: str, data: bytes) -> list[str]:
        """Write one file and sign the change; return the paths of what was written."""
        signing = sign_changes(reader_of(self.site), {path: data}, self.keys)
        self.write(path, data)
        write_signing(self.site, signing)
        return list(signing.files)


def make_signed_folder(
    folder: Path, name: str = "site", threshold: int = 1, lifetimes: Lifetimes = USUAL
) -> SignedFolder:
    signers = generate_keys(folder / f"{name}-keys", root_keys=2)
    root = make_root(signers, threshold, lifetimes)
    for path, data in lay_out_root(root).items():
        write_file(folder / name / path, data)
    made = SignedFolder(
        folder / name, read_keys(folder / f"{name}-keys"), root, folder / f"{name}-copy"
    )
    made.write(DICE, b'{"dice": 1}')
    made.sign()
    return made
