"""`find_health`: whether a server can do what clients ask of it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

from kplug_registry.errors import RegistryError
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import ServedSite
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.serving.upload_limits import UploadLimits
from kplug_registry.site_format import SiteFile, from_json
from kplug_registry.storage import WORKPLACE, Folder
from kplug_registry.trust.expiry import find_expired


class Health(NamedTuple):
    """The result of a health check.

    Args:
        status: ``ok``, ``stale``, ``broken``, ``expired`` or ``unwritable``.
        problem: Why, without paths of this machine; None if nothing is wrong.
    """

    status: str
    problem: str | None = None

    @property
    def is_served(self) -> bool:
        """Whether clients get what they ask for."""
        return self.status in ("ok", "stale")


def find_health(site: ServedSite, database: Database, limits: UploadLimits) -> Health:
    """Return the state of a server: of its site, of its metadata, and of its disks if it takes uploads.

    Args:
        site: The served site.
        database: The database of its tokens and its log.
        limits: The limits of uploads.
    """
    try:
        folder = site.find_folder()
        from_json(SiteFile, (folder / "registry.json").read_bytes(), "registry.json")
    except (OSError, RegistryError):
        return Health("broken", "registry.json cannot be read")
    try:
        if (expired := find_expired(Folder(folder).read)) is not None:
            return Health("expired", f"{expired}: clients refuse the site until it is renewed")
        if TokenStore(database).list_all() and (problem := _find_full(folder, database, limits)):
            return Health("unwritable", problem)
    except (OSError, RegistryError) as error:
        return Health("broken", getattr(error, "message", None) or "metadata cannot be read")
    except sqlite3.Error as error:
        return Health("broken", f"the database cannot be used: {error}")
    return Health("ok" if site.problem is None else "stale", site.problem)


def _find_full(site: Path, database: Database, limits: UploadLimits) -> str | None:
    """Return why an upload could not be stored, or None."""
    places = {
        "the folder of the site": site / WORKPLACE,
        "the folder of temporary files": Path(tempfile.gettempdir()),
        "the folder of the database": database.file.parent,
    }
    for name, place in places.items():
        try:
            place.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                free = shutil.disk_usage(place).free
        except OSError as error:
            return f"{name} cannot be written to: {error.strerror}"
        if free < limits.size:
            return f"{name} has {free} bytes left, and an upload may have {limits.size}"
    database.check()
    return None
