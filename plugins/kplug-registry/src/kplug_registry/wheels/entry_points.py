"""Reads entry_points.txt: the components that a wheel declares in its static tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kplug_registry.wheels.archive import WheelArchive

MOST_COMPONENTS = 5_000


def read_entry_points(archive: WheelArchive, folder: str) -> dict[str, dict[str, str]]:
    """Return the entry points of kplug's groups: for each group, targets by name.

    Raises:
        WheelError: for an invalid file, a duplicate name, or too many entry points.
    """
    text = archive.find_text(f"{folder}/entry_points.txt") or ""
    sections = _read_sections(archive, text)
    groups = {group: points for group, points in sections.items() if _is_of_kplug(group)}
    if sum(map(len, groups.values())) > MOST_COMPONENTS:
        archive.refuse(f"entry_points.txt declares more than {MOST_COMPONENTS} components")
    return groups


def list_all_names(archive: WheelArchive, folder: str) -> dict[str, list[str]]:
    """Return the names of the entry points of each group, kplug's or not."""
    sections = _read_sections(archive, archive.find_text(f"{folder}/entry_points.txt") or "")
    return {group: list(points) for group, points in sections.items()}


def list_packages(archive: WheelArchive, folder: str) -> set[str]:
    """Return the top-level packages and modules that the entry points of any group name."""
    sections = _read_sections(archive, archive.find_text(f"{folder}/entry_points.txt") or "")
    targets = (target for points in sections.values() for target in points.values())
    return {target.partition(":")[0].partition(".")[0].strip() for target in targets}


def _read_sections(archive: WheelArchive, text: str) -> dict[str, dict[str, str]]:
    """Return all groups, parsed like `importlib.metadata` does, but without skipping invalid lines."""
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        if line[0] + line[-1] == "[]":
            if line[1:-1] in sections:
                archive.refuse(f"entry_points.txt: the group {line[:80]} is there twice")
            section = sections[line[1:-1]] = {}
            continue
        name, sign, target = map(str.strip, line.partition("="))
        if section is None or not (name and sign):
            archive.refuse(f"entry_points.txt: the line {line[:80]!r} declares nothing")
        if name in section:
            archive.refuse(f"entry_points.txt: the name {name[:80]!r} is there twice in its group")
        section[name] = target
    return sections


def list_names(groups: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the group, the name and the target of each entry point of a kind."""
    for group, points in groups.items():
        if group.startswith("kplug."):
            for name, target in points.items():
                yield group, name, target.partition("[")[0].strip()


def _is_of_kplug(group: str) -> bool:
    return group.partition(".")[0].rstrip("0123456789") == "kplug"
