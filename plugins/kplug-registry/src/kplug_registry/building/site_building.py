"""Builds a whole site from wheels, in a temporary folder that is renamed when complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from kplug_registry.building.feed import start_site
from kplug_registry.building.held_names import LIBRARIES, REQUIRED, change_names, list_required
from kplug_registry.building.owners import OPERATOR
from kplug_registry.building.page_writers import start_page_writers
from kplug_registry.building.releases import add_release
from kplug_registry.building.simple_pages import add_projects
from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import PublishingError
from kplug_registry.storage import Folder, explaining
from kplug_registry.wheels import WheelContents

_BATCH = 100  # wheels whose files are in memory together
_OPENED = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)  # which Windows has
_MOST_KEPT = 200  # lists that stay from batch to batch, since many wheels add to them


def build_site(
    wheels: Iterable[WheelContents],
    site: Path,
    published: str,
    publisher: str = OPERATOR,
    libraries: Iterable[str] = (),
) -> int:
    """Write a site with wheels, and return how many wheels it has.

    Args:
        wheels: The contents of the wheels, consumed one by one.
        site: A folder that does not exist yet, or is empty.
        published: The time, as in `kplug_registry.site_format.Release`.
        publisher: Who owns all of them.
        libraries: Distributions that need no components.

    Raises:
        PublishingError: if the folder has files, or two wheels conflict; nothing is left behind.
    """
    with explaining(site):
        if site.exists() and any(site.iterdir()):
            raise PublishingError(
                f"{site} is not empty", hint="`kplug publish WHEEL --to SITE` adds to a site."
            )
        site.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent, prefix=f".{site.name}-") as folder:
        built = Path(folder) / "site"
        built.mkdir()
        count = _write_batches(wheels, built, published, publisher, libraries)
        if site.exists():
            site.rmdir()
        built.rename(site)
    return count


def _write_changes(view: SiteView, folder: Path, most_kept: int = 0) -> None:
    """Write changes into the folder of an unpublished site; the longest growing files may be deferred."""
    made: set[str] = set()
    for path, content in view.take(most_kept):
        target = f"{folder}/{path}"
        parent = target.rpartition("/")[0]
        if parent not in made:
            Path(parent).mkdir(parents=True, exist_ok=True)
            made.add(parent)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        elif content is not None:
            _write_file(target, content)


def _write_file(target: str, content: bytes) -> None:
    """Write a file by system calls alone, of which `open` makes more; a full disk may take a part of it."""
    descriptor = os.open(target, _OPENED, 0o666)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    finally:
        os.close(descriptor)


def _write_batches(
    wheels: Iterable[WheelContents],
    folder: Path,
    published: str,
    publisher: str,
    libraries: Iterable[str],
) -> int:
    view = SiteView(Folder(folder))
    change_names(view, LIBRARIES, map(canonicalize_name, libraries))
    _write_changes(view, folder)
    names: list[str] = []
    required: set[str] = set()
    count = 0
    for count, wheel in enumerate(wheels, 1):
        required |= list_required(wheel.metadata.requires)
        # A new site trusts no publisher yet who could have attested it.
        if name := add_release(view, replace(wheel, attestations=()), published, publisher):
            names.append(name)
        if count % _BATCH == 0:
            _write_changes(view, folder, _MOST_KEPT)
    if not count:
        start_site(view)
    add_projects(view, names)
    change_names(view, REQUIRED, required)
    start_page_writers(view)
    _write_changes(view, folder)
    return count
