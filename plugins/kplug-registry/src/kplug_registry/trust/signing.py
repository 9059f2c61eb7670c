"""Sign a site: its files are targets in hash bins.

Nothing here reads or writes a folder, but ``sign_site``: a store of objects is signed by the same functions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tuf.api.metadata import TargetFile

from kplug_registry.trust.keys import SigningKeys
from kplug_registry.trust.layout import list_targets
from kplug_registry.trust.lifetimes import USUAL, Lifetimes
from kplug_registry.trust.site_signer import Read, Signing, SiteSigner

_HASHES = ["sha256"]


def sign_site(folder: Path, keys: SigningKeys, lifetimes: Lifetimes = USUAL) -> None:
    """Sign all of a site in a folder, and write its metadata.

    Args:
        folder: The site; it has a root.
        keys: The private keys at hand.
        lifetimes: How long the metadata is valid.

    Raises:
        TrustError: if there is no root, or keys are missing.
    """
    contents = ((path, (folder / path).read_bytes()) for path in list_targets(folder))
    write_signing(folder, sign_all(reader_of(folder), contents, keys, lifetimes))


def sign_all(
    read: Read,
    targets: Iterable[tuple[str, bytes]],
    keys: SigningKeys,
    lifetimes: Lifetimes = USUAL,
) -> Signing:
    """Sign every file of a site, in as many bins as they fill.

    Args:
        read: What returns the file of a path of the site, or None.
        targets: The paths and contents of the files.
        keys: The private keys at hand.
        lifetimes: How long the metadata is valid.

    Raises:
        TrustError: if there is no root, or keys are missing.
    """
    signer = SiteSigner(read, keys, lifetimes)
    files = [TargetFile.from_data(path, data, _HASHES) for path, data in targets]
    bins = signer.delegate(len(files))
    contents: dict[str, dict[str, TargetFile]] = {name: {} for name in bins.get_roles()}
    for file in files:
        contents[bins.get_role_for_target(file.path)][file.path] = file
    for name, content in contents.items():
        signer.add_bin(name, content)
    signer.add_snapshot()
    return signer.finish()


def sign_changes(
    read: Read,
    changes: Mapping[str, bytes | None],
    keys: SigningKeys,
    lifetimes: Lifetimes = USUAL,
) -> Signing:
    """Sign what one publish changes; only the bins of these files are read and written.

    Args:
        read: What returns the file of a path of the site, or None.
        changes: New contents by path; None for what is gone.
        keys: The private keys at hand.
        lifetimes: How long the metadata is valid.

    Raises:
        TrustError: if the site was never signed, its keys have changed, or keys are missing.
    """
    signer = SiteSigner(read, keys, lifetimes)
    bins = signer.find_bins()
    by_bin: dict[str, dict[str, bytes | None]] = defaultdict(dict)
    for path, data in changes.items():
        by_bin[bins.get_role_for_target(path)][path] = data
    for name, changed in by_bin.items():
        content = signer.read_bin(name)
        for path, data in changed.items():
            content.pop(path, None)
            if data is not None:
                content[path] = TargetFile.from_data(path, data, _HASHES)
        signer.add_bin(name, content)
    signer.add_snapshot()
    return signer.finish()


def renew_timestamp(read: Read, keys: SigningKeys, lifetimes: Lifetimes = USUAL) -> Signing:
    """Say that a site is still the newest one; the timestamp's key alone is needed.

    Raises:
        TrustError: if the site was never signed, or the key is missing.
    """
    signer = SiteSigner(read, keys, lifetimes)
    signer.find_bins()
    return signer.finish()


def reader_of(folder: Path) -> Read:
    """Return what reads the files of a site in a folder."""

    def read(path: str) -> bytes | None:
        try:
            return (folder / path).read_bytes()
        except FileNotFoundError:
            return None

    return read


def write_signing(folder: Path, signing: Signing) -> None:
    """Write the metadata of a signature into the folder of its site."""
    for path, data in signing.files.items():
        write_file(folder / path, data)
    for path in signing.obsolete:
        (folder / path).unlink(missing_ok=True)


def write_file(file: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(data)
    new.replace(file)
