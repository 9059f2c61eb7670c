"""One writer at a time, and a journal that outlives it.

New files are written beside the site. Then one file, the journal, takes its name: from there on the change
counts. The new files are moved to their places, each in one step, and the journal is removed. Who dies before
the journal has left nothing but files that nobody reads. Who dies after it has left work that the next writer
completes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kplug_registry.building import SiteView
from kplug_registry.errors import PublishingError
from kplug_registry.trust.keys import ROOT, SigningKeys
from kplug_registry.trust.layout import is_target, metadata_path
from kplug_registry.trust.signing import reader_of, sign_changes

_WORKPLACE = ".kplug"  # in the site, so that moves stay inside of one file system
_JOURNAL = "journal.json"
# Readers go from the last of these to the first; so whatever they read names only what is there.
_ORDER = ("files/", "components/", "search/", "lookalikes/", "distributions/", "simple/")
_SIGNED_LAST = "metadata/"  # in the order in which it was signed


@contextmanager
def changing(
    site: Path, keys: SigningKeys | None = None, timeout: float = 60
) -> Iterator[SiteView]:
    """Open a site for a change, which is written when the block ends without an error.

    Args:
        site: The folder.
        keys: What the change is signed with, if the site is signed.
        timeout: Seconds to wait for another writer.

    Raises:
        PublishingError: if there is no site, another writer does not end, or the site is signed and keys are
            missing.
        TrustError: if the keys are not those of the site.
    """
    with locked(site, timeout) as workplace:
        view = SiteView(site)
        yield view
        view.settle()
        if view.changes:
            _sign(view, keys)
            _commit(view, workplace)


@contextmanager
def locked(site: Path, timeout: float = 60) -> Iterator[Path]:
    """Keep other writers away from a site, and complete what one of them left; give the place of its work.

    Args:
        site: The folder.
        timeout: Seconds to wait for another writer.

    Raises:
        PublishingError: if there is no site, or another writer does not end.
    """
    if not (site / "registry.json").is_file():
        raise PublishingError(
            f"there is no site of a registry at {site}",
            hint=f"Make one with: kplug index build WHEELS… --out {site}",
        )
    workplace = site / _WORKPLACE
    workplace.mkdir(exist_ok=True)
    try:
        with FileLock(workplace / "lock", timeout=timeout):
            _recover(site, workplace)
            yield workplace
    except Timeout:
        raise PublishingError(
            f"another publisher has been writing to {site} for {timeout:g} s",
            hint="Try again later.",
        ) from None


def _sign(view: SiteView, keys: SigningKeys | None) -> None:
    """Add the signatures of a change to it, so that both count from one moment on."""
    read = reader_of(view.folder)
    if keys is None:
        if read(metadata_path(ROOT)) is not None:
            raise PublishingError(
                f"{view.folder} is signed, and a change without a signature would be refused by clients",
                hint="Give its keys: --keys FOLDER, or --keys env:NAME",
            )
        return
    targets = {path: view.read(path) for path in view.changes if is_target(path)}
    signing = sign_changes(read, targets, keys)
    view.changes.update(signing.files)
    view.changes.update(dict.fromkeys(signing.obsolete))


def _commit(view: SiteView, workplace: Path) -> None:
    staging = Path(tempfile.mkdtemp(dir=workplace, prefix="staging-"))
    moves = []
    for number, path in enumerate(sorted(view.changes, key=_rank)):
        staged = staging / str(number)
        content = view.changes[path]
        if content is None:
            moves.append(["", path])
            continue
        if isinstance(content, Path):
            shutil.copyfile(content, staged)
        else:
            staged.write_bytes(content)
        _flush(staged)
        moves.append([f"{staging.name}/{number}", path])
    draft = staging / _JOURNAL
    draft.write_text(json.dumps(moves), encoding="utf-8")
    _flush(draft)
    draft.replace(workplace / _JOURNAL)  # from here on, the change counts
    _flush(workplace)
    _complete(view.folder, workplace)


def _recover(site: Path, workplace: Path) -> None:
    """Complete the change of a writer who died after its journal, and remove what others left."""
    if (workplace / _JOURNAL).exists():
        _complete(site, workplace)
    for left in workplace.glob("staging-*"):
        shutil.rmtree(left)


def _complete(site: Path, workplace: Path) -> None:
    journal = workplace / _JOURNAL
    folders: set[Path] = set()
    for staged, path in json.loads(journal.read_text(encoding="utf-8")):
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not staged:
            target.unlink(missing_ok=True)
        elif (workplace / staged).exists():  # else it was moved before
            (workplace / staged).replace(target)
        folders.add(target.parent)
    for folder in folders:
        _flush(folder)
    journal.unlink()
    for left in workplace.glob("staging-*"):
        shutil.rmtree(left)


def _rank(path: str) -> int:
    if path.startswith(_SIGNED_LAST):
        return len(_ORDER) + 1
    return next((at for at, one in enumerate(_ORDER) if path.startswith(one)), len(_ORDER))


def _flush(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
