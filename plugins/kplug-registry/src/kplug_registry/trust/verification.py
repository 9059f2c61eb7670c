"""Do the signatures of a site hold for its files? Every one is read, as a client would read it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Snapshot, TargetFile, Targets
from tuf.api.serialization import DeserializationError

from kplug_registry.errors import RegistryError
from kplug_registry.trust.keys import ROOT, SNAPSHOT, TARGETS
from kplug_registry.trust.layout import METADATA, list_targets, metadata_path
from kplug_registry.trust.verified_site import VerifiedSite


def find_signature_faults(site: Path) -> list[str]:
    """Return what is wrong with the signatures of a site, one sentence each; nothing if it is not signed.

    Args:
        site: The folder.
    """
    root = site / metadata_path(ROOT)
    if not root.exists():
        return []
    with tempfile.TemporaryDirectory() as folder:
        client = VerifiedSite(site.resolve().as_uri(), Path(folder), root.read_bytes(), pauses=())
        try:
            client.refresh()
        except RegistryError as error:
            return [error.message]
        snapshot = Metadata[Snapshot].from_file(f"{folder}/{METADATA}/{SNAPSHOT}.json").signed
        targets = Metadata[Targets].from_file(f"{folder}/{METADATA}/{TARGETS}.json").signed
    return list(_check_bins(site, snapshot, targets))


def _check_bins(site: Path, snapshot: Snapshot, targets: Targets) -> Iterator[str]:
    bins = targets.delegations and targets.delegations.succinct_roles
    signed: dict[str, TargetFile] = {}
    for name in bins.get_roles() if bins else ():
        version = snapshot.meta[f"{name}.json"].version
        path = metadata_path(name, version)
        try:
            found = Metadata[Targets].from_bytes((site / path).read_bytes())
            targets.verify_delegate(name, found.signed_bytes, found.signatures)
        except (OSError, RepositoryError, DeserializationError) as error:
            yield f"{path} does not hold what was signed: {error}"
            continue
        if found.signed.version != version or found.signed.is_expired():
            yield f"{path} is of another version, or has expired"
        signed |= found.signed.targets
    yield from _compare(site, signed)


def _compare(site: Path, signed: dict[str, TargetFile]) -> Iterator[str]:
    there = set(list_targets(site))
    yield from (f"{path} is not signed" for path in sorted(there - signed.keys()))
    yield from (f"{path} is signed and not there" for path in sorted(signed.keys() - there))
    for path in sorted(there & signed.keys()):
        digest = hashlib.sha256((site / path).read_bytes()).hexdigest()
        if digest != signed[path].hashes.get("sha256"):
            yield f"{path} is not the file that was signed"
