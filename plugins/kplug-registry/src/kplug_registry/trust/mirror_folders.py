"""A folder that mirrors a signed site: its mark, its metadata, and what is obsolete in it."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping

from kplug_registry.errors import PublishingError
from kplug_registry.site_format import RECALLS, NoticeFile, from_json, to_json
from kplug_registry.storage import WORKPLACE, Folder
from kplug_registry.trust.keys import ROOT
from kplug_registry.trust.metadata_paths import LATEST, RECALLS_FIELD, metadata_path, write_latest
from kplug_registry.trust.obsolete_files import KEPT
from kplug_registry.trust.verified_site import SignedState

_MARK = (
    f"{WORKPLACE}/mirror.json"  # what makes a folder a mirror, and since when a file is obsolete
)


def check_mirror(storage: Folder, state: SignedState) -> dict[str, float]:
    """Return since when each file of a mirror is obsolete.

    Raises:
        PublishingError: if the folder is neither new nor a mirror of the registry.
    """
    mark, path = storage.read(_MARK), storage.path
    if mark is None and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise PublishingError(
            f"{storage} is there already, and is no mirror",
            hint="Name a folder that is new or empty.",
        )
    first = storage.read(metadata_path(ROOT, 1))
    if first is not None and first != state.roots[1]:
        raise PublishingError(
            f"{storage} is a mirror of another registry",
            hint="Give each mirror a folder of its own.",
        )
    found: dict[str, float] = json.loads(mark or b"{}")
    return found


def mark_mirror(storage: Folder, first_seen: Mapping[str, float]) -> None:
    """Write that a folder is a mirror, and since when files in it are obsolete."""
    storage.write({_MARK: json.dumps(first_seen).encode()})


def write_metadata(storage: Folder, state: SignedState) -> set[str]:
    """Write the metadata, those that lead to the state last, and return their paths."""
    newest = max(state.roots)
    files = {metadata_path(ROOT, version): root for version, root in state.roots.items()}
    files |= {metadata_path(ROOT): state.roots[newest], **state.metadata}
    *_, targets, snapshot, timestamp = state.metadata
    begun_with = (snapshot, targets, timestamp, metadata_path(ROOT, newest))
    files[LATEST] = write_latest(newest, {path: files[path] for path in begun_with})
    for path, data in files.items():
        if storage.read(path) != data:
            storage.write({path: data})
    return set(files)


def write_recalls(storage: Folder, state: SignedState) -> set[str]:
    """Write the list of recalls, which is a part of targets, and return its path if there is a list."""
    *_, targets, _, _ = state.metadata
    listed = json.loads(state.metadata[targets])["signed"].get(RECALLS_FIELD)
    if listed is None:
        return set()
    data = to_json(from_json(NoticeFile, json.dumps(listed).encode(), RECALLS))
    if storage.read(RECALLS) != data:
        storage.write({RECALLS: data})
    return {RECALLS}


def remove_obsolete(storage: Folder, kept: Collection[str], first_seen: Mapping[str, float]) -> int:
    """Remove what has been obsolete for so long that nobody reads it any more."""
    now = time.time()
    there = {path for path in storage.list(".") if not path.startswith(f"{WORKPLACE}/")}
    obsolete = {path: first_seen.get(path, now) for path in sorted(there.difference(kept))}
    old = [path for path, since in obsolete.items() if since <= now - KEPT]
    storage.remove(old)
    noted = {path: since for path, since in obsolete.items() if path not in old}
    mark_mirror(storage, noted)
    return len(old)
