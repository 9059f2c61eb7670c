"""The lock that ``KPLUG_LOCK`` names, or that lies in a folder around the working directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kplug.registry.policy.environment import LOCK_VARIABLE

LOCK_FILE = "kplug.lock"


def find_required_lock(environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the lock that the environment requires; None without one.

    Example:
        >>> print(find_required_lock({"KPLUG_LOCK": "kplug.lock"}), find_required_lock({}))
        kplug.lock None
    """
    name = (os.environ if environ is None else environ).get(LOCK_VARIABLE)
    return Path(name) if name else None


def find_nearest_lock() -> Path | None:
    """Return the lock that the environment requires, else the nearest of the working directory's folders."""
    folder = Path.cwd()
    around = (each / LOCK_FILE for each in (folder, *folder.parents))
    return find_required_lock() or next(filter(Path.is_file, around), None)
