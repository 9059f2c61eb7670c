"""Checks the components of a model against a lock, before it trains or is used."""

from __future__ import annotations

from typing import Any

from kplug.locking import Lock, check_lock
from kplug.registry.component import CUSTOM
from kplug.training.compiled import Compiled
from kplug.training.component_rows import list_components


def require_locked(model: Any, compiled: Compiled | None, lock: Lock) -> None:
    """Refuse an installation that differs from a lock, and a model with components from other packages.

    Raises:
        LockError: One of these holds.
    """
    model.resolve_slots()
    rows = list_components(model, compiled)
    check_lock(lock, {name for row in rows for name in (row.distribution, row.code)} - {CUSTOM, ""})
