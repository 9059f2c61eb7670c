"""Checks the installed packages against a lock, before a model is built from a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kplug.errors import LockError
from kplug.locking import Lock, check_lock, lock_rows, read_lock
from kplug.registry.component import CUSTOM
from kplug.saving.component_table_check import find_changes, list_gaps
from kplug.saving.provenance import list_suppliers, read_components
from kplug.saving.whole.opening import StoredModel, opened_model

_OWN = f"{CUSTOM}>"  # prefix of the user's own classes and functions in a configuration


def verify_lock(path: str | os.PathLike[str], stored: StoredModel) -> Lock:
    """Refuse a model if the installed packages differ from a lock, or the lock does not cover the model.

    Raises:
        LockError: One of these holds, or the lock cannot be read.
    """
    lock = read_lock(path)
    rows = read_components(stored.file) or []
    check_lock(lock, _list_suppliers(rows))
    own = {f"{CUSTOM}/{name}" for name in _list_own(stored, rows)} - {*lock.not_locked}
    if own:
        raise LockError(
            f"the lock does not cover {', '.join(sorted(own))}, code of your own in the model",
            hint="`kplug lock MODEL --allow-unlocked` lists it in the lock.",
        )
    return lock


def _list_suppliers(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    suppliers = [supplier for row in rows for supplier in list_suppliers(row)]
    return {str(supplier.get("distribution")) for supplier in suppliers} - {CUSTOM}


def lock_model(path: Path, *, allow_unlocked: bool = False) -> Lock:
    """Return a lock of the packages that a model file names, which must be installed.

    Args:
        path: The file.
        allow_unlocked: Include packages that cannot be reinstalled.

    Raises:
        LockError: The file has no component table, names packages that are not installed in the same
            build, or needs the user's own code.
        WeightsError: The file is damaged, or no whole model.
    """
    with opened_model(path) as stored:
        rows = read_components(stored.file)
        if not rows:
            raise LockError(
                "the file does not say which packages it was made of: kplug did not write it",
                hint="Load the model, save it with kplug, and lock that file.",
            )
        gaps = [] if allow_unlocked else list_gaps(rows)
        changes = find_changes(rows, "exact")
        if sentences := [*gaps, *(one.sentence for one in changes)]:
            raise LockError(
                "the file was made of other packages than are installed here:\n  "
                + "\n  ".join(sentences),
                hint="Lock the model where it was saved, or save it again here.",
            )
        return lock_rows(rows, _list_own(stored, rows), allow_unlocked=allow_unlocked)


def _list_own(stored: StoredModel, rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of the user's own classes and functions; such layers are in no component table."""
    tabled = {
        str(row.get("name")).rpartition("/")[2] for row in rows if row.get("distribution") == CUSTOM
    }
    texts = _list_texts([stored.config, stored.training])
    return tabled | {text.removeprefix(_OWN) for text in texts if text.startswith(_OWN)}


def _list_texts(config: Any) -> Iterator[str]:
    waiting = [config]  # no recursion: a file may be nested arbitrarily deep
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
