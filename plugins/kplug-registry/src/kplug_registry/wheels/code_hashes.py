"""Lists the hashes that kplug computes for a wheel's code once it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kplug import hash_code
from kplug_registry.wheels.archive import WheelArchive
from kplug_registry.wheels.entry_points import list_packages
from kplug_registry.wheels.metadata import find_metadata_folder


def list_code_hashes(wheel: Path) -> frozenset[str]:
    """Return the hashes that ``kplug env --json`` shows for an installation of a wheel, also an editable one.

    Args:
        wheel: The file, which `read_wheel` has validated.

    Raises:
        WheelError: for a file that is too large to be read.
    """
    with WheelArchive(wheel) as archive:
        folder = find_metadata_folder(archive)
        record = archive.read_text(f"{folder}/RECORD")
        sources = dict(_read_sources(archive, list_packages(archive, folder)))
    return frozenset(filter(None, (hash_code(record), hash_code(record, sources))))


def _read_sources(archive: WheelArchive, packages: set[str]) -> Iterator[tuple[str, bytes]]:
    for name in archive.names:
        package, _, place = name.partition("/")
        if name.endswith(".py") and package.removesuffix(".py") in packages:
            yield (name if place else f"{package.removesuffix('.py')}/{name}"), archive.read(name)
