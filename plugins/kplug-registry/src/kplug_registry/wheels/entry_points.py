"""entry_points.txt: the components that a wheel declares in its static tier."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping

from kplug_registry.wheels.archive import WheelArchive

MOST_COMPONENTS = 5_000


def read_entry_points(archive: WheelArchive, folder: str) -> dict[str, dict[str, str]]:
    """Return the entry points of kplug's groups: for each group, targets by name.

    Raises:
        WheelError: for a file that is none of entry points, a doubled name, or too many of them.
    """
    text = archive.find_text(f"{folder}/entry_points.txt") or ""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # case counts
    try:
        parser.read_string(text)
    except configparser.Error as error:
        archive.refuse(f"entry_points.txt: {' '.join(str(error).split())[:200]}")
    groups = {group: dict(parser[group]) for group in parser.sections() if _is_of_kplug(group)}
    if sum(map(len, groups.values())) > MOST_COMPONENTS:
        archive.refuse(f"entry_points.txt declares more than {MOST_COMPONENTS} components")
    return groups


def list_names(groups: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the group, the name and the target of each entry point of a kind."""
    for group, points in groups.items():
        if group.startswith("kplug."):
            for name, target in points.items():
                yield group, name, target.partition("[")[0].strip()


def _is_of_kplug(group: str) -> bool:
    return group.partition(".")[0].rstrip("0123456789") == "kplug"
