"""Finds metadata folders that are stale, duplicate, or made for another version of kplug."""

from __future__ import annotations

import contextlib
import csv
import shlex
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any, cast

import importlib_metadata

from kplug.registry import KINDS
from kplug.registry.finding import Finding
from kplug.registry.installed.entry_point_groups import OTHER_CONTRACT
from kplug.registry.kinds import HOOKED
from kplug.registry.metadata import find_folder, has_metadata

_Points = frozenset[tuple[str, str, str]]


def find_stale() -> Iterator[Finding]:
    """Yield the faults of metadata folders that concern kplug; imports nothing."""
    kinds = (*HOOKED.values(), *KINDS.values())
    groups = {"kplug", *(kind.group for kind in kinds)}
    for name, found in sorted(_group().items()):
        points = [_read_points(each, groups) for each in found]
        if any(points):
            yield from _compare(name, found, points)
            yield from _find_lost_files(name, found[0])
        yield from _find_other_contracts(name, found[0])


def _group() -> dict[str, list[Any]]:
    """Return all distributions of each name, in the order of Python's search path."""
    found: dict[str, dict[str, Any]] = {}
    for each in importlib_metadata.distributions():
        with contextlib.suppress(Exception):  # the registry has a problem for it
            name: str = cast("Any", each)._normalized_name  # by the folder
            found.setdefault(name.replace("_", "-"), {}).setdefault(find_folder(each), each)
    return {name: list(folders.values()) for name, folders in found.items()}


def _read_points(distribution: Any, groups: Set[str]) -> _Points:
    try:
        points = distribution.entry_points
    except Exception:  # noqa: BLE001 - the registry has a problem for it
        return frozenset()
    return frozenset((each.group, each.name, each.value) for each in points if each.group in groups)


def _compare(name: str, found: Sequence[Any], points: Sequence[_Points]) -> Iterator[Finding]:
    used = find_folder(found[0])
    for hidden, offered in zip(found[1:], points[1:], strict=True):
        folder = find_folder(hidden)
        if not has_metadata(found[0]):
            message = f"{used} has no metadata, and hides {folder}: nothing that it offers is found"
            yield Finding("stale", name, message, f"rm -r {shlex.quote(used)}")
            return
        message = f"{folder} is not read, as {used} comes first"
        command = f"rm -r {shlex.quote(folder)}"
        is_missed = bool(offered - points[0])
        yield Finding("stale", name, message, command, is_missed)


def _find_lost_files(name: str, distribution: Any) -> Iterator[Finding]:
    try:
        rows = csv.reader((distribution.read_text("RECORD") or "").splitlines())
        files = [Path(distribution.locate_file(row[0])) for row in rows if row]
        modules = [file for file in files if file.suffix == ".py"]
        is_lost = bool(modules) and not any(map(Path.exists, modules))
    except Exception:  # noqa: BLE001 - an invalid RECORD
        return
    if is_lost:
        message = f"none of the modules that {find_folder(distribution)} lists is there"
        yield Finding("stale", name, message, f"pip uninstall {name}")


def _find_other_contracts(name: str, distribution: Any) -> Iterator[Finding]:
    try:
        groups = sorted({each.group for each in distribution.entry_points})
    except Exception:  # noqa: BLE001 - the registry has a problem for it
        return
    for group in filter(OTHER_CONTRACT.match, groups):
        message = (
            f"its entry points in the group {group!r} are for a kplug with another contract, "
            "and this one does not read them"
        )
        command = "pip install --upgrade kplug"
        yield Finding("wrong-contract", name, message, command, is_broken=False)
