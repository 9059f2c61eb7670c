"""Unpacks a release and what it requires of the same site into a folder for Python's path."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from kplug_registry.building import SiteView, find_distribution
from kplug_registry.checking.sandbox import NotCheckedError
from kplug_registry.client.wheel_choice import find_wheel, list_usable_releases
from kplug_registry.site_format import Release, WheelFile, wheel_path

_LIBRARY = re.compile(r"[^/]+\.data/(purelib|platlib)/")
_PYTHON = f"this Python, {default_environment()['python_full_version']}"


def choose_wheels(view: SiteView, name: str, version: str) -> dict[str, WheelFile]:
    """Return the wheels to check a release with, by distribution; its own is the first.

    What the site lacks is not looked for elsewhere: whoever runs the checks has it installed, or does not
    want it.

    Raises:
        NotCheckedError: if a release of the site that it requires does not fit.
    """
    chosen: dict[str, WheelFile] = {}
    waiting = [Requirement(f"{name}=={version}")]
    while waiting:
        requirement = waiting.pop()
        found = _find_release(view, requirement)
        if found is None:
            continue
        distribution, release = found
        wheel = find_wheel(release, distribution)
        assert wheel is not None  # noqa: S101 - a release without one is passed over
        if distribution not in chosen:
            chosen[distribution] = wheel
            waiting += _list_required(release, requirement.extras)
        elif chosen[distribution] != wheel:
            raise NotCheckedError(
                f"of {distribution} it requires {chosen[distribution].filename} and {wheel.filename}"
            )
    return chosen


def unpack(view: SiteView, wheels: Iterable[WheelFile], folder: Path) -> None:
    """Unpack wheels of a site, which it has validated, into a folder that everybody can read."""
    for wheel in wheels:
        path = folder.with_name(wheel.filename)
        path.write_bytes(view.read(wheel_path(wheel.filename)) or b"")
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                member.filename = _LIBRARY.sub("", member.filename)
                archive.extract(member, folder)
        path.unlink()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _find_release(view: SiteView, requirement: Requirement) -> tuple[str, Release] | None:
    """Return the newest release that fits a requirement; None if the site has no such distribution."""
    file = find_distribution(view, requirement.name)
    if not file.releases:
        return None
    usable = list_usable_releases(file.releases, requirement.specifier or SpecifierSet(), file.name)
    if not usable:
        raise NotCheckedError(f"no wheel of {requirement} in this registry fits {_PYTHON}")
    return file.name, usable[0]


def _list_required(release: Release, extras: set[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, release.requires):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": one}) for one in ("", *extras)):
            yield requirement
