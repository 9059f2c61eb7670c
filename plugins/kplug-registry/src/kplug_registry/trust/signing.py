"""Signs a site: its files are targets in hash bins.

Only ``sign_site``, ``copy_targets`` and ``write_signing`` write to a site.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tuf.api.metadata import TargetFile

from kplug_registry.site_format import RECALLS
from kplug_registry.trust.keys import SigningKeys
from kplug_registry.trust.metadata_paths import content_path, list_targets
from kplug_registry.trust.signing_lifetimes import USUAL, Lifetimes
from kplug_registry.trust.site_signer import Read, Signing, SiteSigner

if TYPE_CHECKING:
    from kplug_registry.storage import SiteStorage  # a client writes nothing there

_HASHES = ["sha256"]
_BATCH = 200  # files in memory together


def sign_site(
    site: SiteStorage,
    keys: SigningKeys,
    lifetimes: Lifetimes = USUAL,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Sign all of a site, and write its metadata.

    Args:
        site: Where it is; it has a root.
        keys: The available private keys.
        lifetimes: How long the metadata is valid.
        check: That of the writer's turn, which it extends.

    Raises:
        TrustError: if there is no root, or keys are missing.
    """
    signing = sign_all(site.read, copy_targets(site, check), keys, lifetimes)
    write_signing(site, signing, check)


def copy_targets(site: SiteStorage, check: Callable[[], None]) -> Iterator[tuple[str, bytes]]:
    """Copy the files that are signed to names with their hashes, and yield their paths and contents.

    Args:
        site: Where they are.
        check: That of the writer's turn, which it extends.
    """
    copied = iter(list_targets(site))
    while paths := list(islice(copied, _BATCH)):
        check()
        contents = {path: data for path in paths if (data := site.read(path)) is not None}
        site.copy(
            {content_path(path, sha256(data).hexdigest()): path for path, data in contents.items()}
        )
        yield from contents.items()


def sign_all(
    read: Read,
    targets: Iterable[tuple[str, bytes]],
    keys: SigningKeys,
    lifetimes: Lifetimes = USUAL,
) -> Signing:
    """Sign every file of a site, in as many bins as needed.

    Args:
        read: Returns the file at a path of the site, or None.
        targets: The paths and contents of the files.
        keys: The available private keys.
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
    """Sign the changes of one publish, touching only the bins of these files, and targets for recalls.

    Args:
        read: Returns the file at a path of the site, or None.
        changes: New contents by path; None for what is gone.
        keys: The available private keys.
        lifetimes: How long the metadata is valid.

    Raises:
        TrustError: if the site was never signed, its keys have changed, or keys are missing.
    """
    signer = SiteSigner(read, keys, lifetimes)
    bins = signer.find_bins()
    by_bin: dict[str, dict[str, bytes | None]] = defaultdict(dict)
    for path, data in changes.items():
        if path == RECALLS:
            signer.replace_recalls(data or b"null")
            continue
        by_bin[bins.get_role_for_target(path)][path] = data
    for name, changed in by_bin.items():
        content = signer.read_bin(name)
        for path, data in changed.items():
            before = content.pop(path, None)
            after = None if data is None else TargetFile.from_data(path, data, _HASHES)
            if after is not None:
                content[path] = after
            signer.replace_file(before, after)
        signer.add_bin(name, content)
    signer.add_snapshot()
    return signer.finish()


def renew_timestamp(read: Read, keys: SigningKeys, lifetimes: Lifetimes = USUAL) -> Signing:
    """Renew the timestamp of a site, which needs only the timestamp's key.

    Raises:
        TrustError: if the site was never signed, or the key is missing.
    """
    signer = SiteSigner(read, keys, lifetimes)
    signer.find_bins()
    return signer.finish()


def write_signing(
    site: SiteStorage, signing: Signing, check: Callable[[], None] = lambda: None
) -> None:
    """Write a signature to its site, which has the signed files, one file after the other.

    Args:
        site: Where it is.
        signing: The signature.
        check: That of the writer's turn, which it extends.
    """
    from kplug_registry.trust.obsolete_files import keep_obsolete  # needs what clients do not

    site.copy(signing.copies)
    for path, data in signing.files.items():
        check()
        site.write({path: data})
    changes = keep_obsolete(site, signing)
    site.write({path: data for path, data in changes.items() if data is not None})
    site.remove(path for path, data in changes.items() if data is None)


def write_file(file: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(data)
    new.replace(file)
