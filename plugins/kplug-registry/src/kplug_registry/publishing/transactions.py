"""Transactions on a site: one writer at a time, and a write-ahead journal.

A change is first written as one file, the journal, which commits it. Then its files are written to their
places, and the journal is removed. A writer that dies before the journal has changed nothing. If it dies
later, the next writer completes its work.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path

from kplug_registry.building import SiteView
from kplug_registry.building.page_writers import add_page_writer
from kplug_registry.errors import PublishingError
from kplug_registry.storage import SiteStorage, Turn
from kplug_registry.trust.keys import ROOT, SigningKeys
from kplug_registry.trust.metadata_paths import is_target, metadata_path
from kplug_registry.trust.obsolete_files import keep_obsolete
from kplug_registry.trust.signing import sign_changes

# Readers follow references from the last of these to the first, so no reference dangles.
_ORDER = (
    "files/",
    "pictures/",
    "numbers/",
    "components/",
    "search/",
    "prefixes/",
    "lookalikes/",
    "dependents/",
    "releases/",
    "distributions/",
    "simple/",
)
_SIGNED_LAST = "metadata/"  # in the order of signing
_COPIED, _REMOVED = "copied", "removed"  # the last members of a journal
_BATCH = 200  # files that are removed within a turn's check


@contextmanager
def changing(
    site: SiteStorage, keys: SigningKeys | None = None, timeout: float = 60
) -> Iterator[SiteView]:
    """Open a site for a change, which is committed when the block ends without an error.

    Args:
        site: The storage of the site.
        keys: The keys that sign the change, if the site is signed.
        timeout: Seconds to wait for another writer.

    Raises:
        PublishingError: if there is no site, another writer does not finish, or keys for a signed site are
            missing.
        TrustError: if the keys do not belong to the site.
    """
    with locked(site, timeout) as turn:
        view = SiteView(site)
        yield view
        view.settle()
        if view.changes:
            add_page_writer(view)
            copies = _sign(view, keys)
            commit(site, turn, view.changes, copies)


@contextmanager
def locked(site: SiteStorage, timeout: float = 60) -> Iterator[Turn]:
    """Lock a site, and complete the interrupted change of another writer.

    Args:
        site: Where it is.
        timeout: Seconds to wait for another writer.

    Raises:
        PublishingError: if there is no site, or another writer does not end.
    """
    if site.read("registry.json") is None:
        raise PublishingError(
            f"there is no site of a registry at {site}",
            hint=f"Make one with: kplug index build WHEELS… --out {site}",
        )
    with site.take_turn(timeout) as turn:
        _complete(site, turn, turn.left)
        yield turn


def commit(
    site: SiteStorage,
    turn: Turn,
    changes: Mapping[str, bytes | Path | None],
    copies: Mapping[str, str],
) -> None:
    """Write a change to a site: all of it counts from one moment on, or nothing.

    Args:
        site: Where it is.
        turn: The turn of this writer.
        changes: By path, the content, the file that has it, or None for what is removed.
        copies: By new path, which files are copied before the signatures are written.

    Raises:
        PublishingError: if the turn is over.
    """
    journal = _write_journal(changes, copies)
    turn.check()
    site.write({turn.journal: journal})  # from here on, the change counts
    _complete(site, turn, turn.journal)


def sort_paths(paths: Iterable[str]) -> list[str]:
    """Return paths in the order in which their files are written; what ranks the same stays as it is."""
    return sorted(paths, key=_rank)


def _sign(view: SiteView, keys: SigningKeys | None) -> dict[str, str]:
    """Add the signatures of a change to it, so that both count from one moment on; return what is copied."""
    targets = {path: view.read(path) for path in view.changes if is_target(path)}
    if not targets:
        return {}
    if keys is None:
        if view.storage.read(metadata_path(ROOT)) is not None:
            raise PublishingError(
                f"{view.storage} is signed, and a change without a signature would be refused by clients",
                hint="Give its keys: --keys FOLDER, or --keys env:NAME",
            )
        return {}
    signing = sign_changes(view.storage.read, targets, keys)
    view.changes.update(signing.files)
    view.changes.update(keep_obsolete(view.storage, signing))
    return signing.copies


def _write_journal(changes: Mapping[str, bytes | Path | None], copies: Mapping[str, str]) -> bytes:
    """Return the archive of a change: what is written, in the order of writing, copied and removed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sort_paths(changes):
            content = changes[path]
            if content is not None:
                archive.writestr(
                    path, content.read_bytes() if isinstance(content, Path) else content
                )
        removed = [path for path, content in changes.items() if content is None]
        archive.writestr(_COPIED, json.dumps(copies))
        archive.writestr(_REMOVED, json.dumps(removed))
    return stream.getvalue()


def _complete(site: SiteStorage, turn: Turn, journal: str) -> None:
    """Write what a journal holds, if it is there, to its places."""
    content = site.read(journal)
    if content is None:
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        *paths, copied, removed = archive.namelist()
        copies = json.loads(archive.read(copied))
        for (rank, _), group in groupby(paths, key=_step):
            turn.check()
            if rank > len(_ORDER) and copies:
                site.copy(copies)
                copies = {}
            site.write({path: archive.read(path) for path in group})
        obsolete = iter(json.loads(archive.read(removed)))
        while paths := list(islice(obsolete, _BATCH)):
            turn.check()
            site.remove(paths)
    site.remove([journal])


def _rank(path: str) -> int:
    if path.startswith(_SIGNED_LAST):
        return len(_ORDER) + 1
    return next((at for at, one in enumerate(_ORDER) if path.startswith(one)), len(_ORDER))


def _step(path: str) -> tuple[int, str]:
    """Return what files that are written together share; signatures are written one by one."""
    rank = _rank(path)
    return rank, path if rank > len(_ORDER) else ""
