"""Verifies the signatures of a site's files, reading each as a client would."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from tuf.api.exceptions import DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Snapshot, TargetFile, Targets
from tuf.api.serialization import DeserializationError

from kplug_registry.errors import RegistryError
from kplug_registry.site_format import RECALLS
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import ROOT, SNAPSHOT, TARGETS
from kplug_registry.trust.metadata_paths import (
    METADATA,
    RECALLS_FIELD,
    content_path,
    list_targets,
    metadata_path,
)
from kplug_registry.trust.verified_site import VerifiedSite


class _StorageFetcher(SiteFetcher):
    """Fetches from a site's storage."""

    def __init__(self, site: SiteStorage) -> None:
        super().__init__()
        self._site = site
        self.address = f"file:///{quote(str(site).lstrip('/'))}/"

    def _fetch(self, url: str) -> Iterator[bytes]:
        content = self._site.read(unquote(url.removeprefix(self.address)))
        if content is None:
            raise DownloadHTTPError(f"{url} does not exist", 404)
        return iter([content])


def find_signature_faults(site: SiteStorage, check: Callable[[], None] = lambda: None) -> list[str]:
    """Return the faults of a site's signatures, one sentence each; empty if it is not signed.

    Args:
        site: The storage of the site.
        check: Is called before each file, such as a writer's check of its turn.
    """
    root = site.read(metadata_path(ROOT))
    if root is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        fetcher = _StorageFetcher(site)
        client = VerifiedSite(fetcher.address, Path(folder), root, fetcher)
        try:
            client.refresh()
        except RegistryError as error:
            return [error.message]
        snapshot = Metadata[Snapshot].from_file(f"{folder}/{METADATA}/{SNAPSHOT}.json").signed
        targets = Metadata[Targets].from_file(f"{folder}/{METADATA}/{TARGETS}.json").signed
    return list(_check_bins(site, snapshot, targets, check))


def _check_bins(
    site: SiteStorage, snapshot: Snapshot, targets: Targets, check: Callable[[], None]
) -> Iterator[str]:
    bins = targets.delegations and targets.delegations.succinct_roles
    signed: dict[str, TargetFile] = {}
    for name in bins.get_roles() if bins else ():
        check()
        version = snapshot.meta[f"{name}.json"].version
        path = metadata_path(name, version)
        try:
            found = Metadata[Targets].from_bytes(site.read(path) or b"")
            targets.verify_delegate(name, found.signed_bytes, found.signatures)
        except (RepositoryError, DeserializationError) as error:
            yield f"{path} does not hold what was signed: {error}"
            continue
        if found.signed.version != version or found.signed.is_expired():
            yield f"{path} is of another version, or has expired"
        signed |= found.signed.targets
    yield from _compare(site, signed, check)
    if targets.unrecognized_fields.get(RECALLS_FIELD) != _read_recalls(site):
        yield f"{RECALLS} is not what was signed"


def _read_recalls(site: SiteStorage) -> object:
    try:
        return json.loads(site.read(RECALLS) or b"null")
    except ValueError:
        return "no JSON"


def _compare(
    site: SiteStorage, signed: dict[str, TargetFile], check: Callable[[], None]
) -> Iterator[str]:
    there = set(list_targets(site))
    yield from (f"{path} is not signed" for path in sorted(there - signed.keys()))
    yield from (f"{path} is signed and not there" for path in sorted(signed.keys() - there))
    for path in sorted(there & signed.keys()):
        check()
        digest = signed[path].hashes["sha256"]
        for each in (path, content_path(path, digest)):
            if site.find_hash(each) != digest:
                yield f"{each} is not the file that was signed"
