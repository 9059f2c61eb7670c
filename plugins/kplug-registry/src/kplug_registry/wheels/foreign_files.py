"""Refuses wheels with files or entry points that reach beyond their own packages."""

from __future__ import annotations

from itertools import chain

from kplug_registry.placement import PlacedFile, find_foreign_entries, find_foreign_files
from kplug_registry.wheels.archive import WheelArchive
from kplug_registry.wheels.entry_points import list_all_names
from kplug_registry.wheels.metadata import WheelMetadata


def check_placement(archive: WheelArchive, folder: str, metadata: WheelMetadata) -> None:
    """Refuse a wheel that brings what Python runs by itself, or what others own.

    Args:
        archive: The wheel.
        folder: Its ``.dist-info``.
        metadata: Its metadata.

    Raises:
        WheelError: with the name of the file or of the entry point.
    """
    files = [PlacedFile.from_wheel(name) for name in archive.names]
    found = chain(
        find_foreign_files(files, metadata.name, metadata.requires),
        find_foreign_entries(list_all_names(archive, folder)),
    )
    for one in found:
        archive.refuse(f"it brings {one.name[:80]!r}: {one.reason}")
    places: dict[tuple[bool, str], str] = {}
    for file in files:
        place = (file.is_package_file, "/".join(file.parts).casefold())
        if (other := places.setdefault(place, file.name)) != file.name:
            archive.refuse(f"its files {other[:80]!r} and {file.name[:80]!r} have one place")
    for name in archive.names:
        if name.casefold() == f"{folder}/direct_url.json".casefold():
            archive.refuse(f"it brings {name!r}: only an installer writes that")
