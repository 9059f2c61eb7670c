"""Reads a distribution's name, version and entry points without importing it."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import importlib_metadata
from packaging.utils import InvalidName, canonicalize_name

from kplug.registry.component import Origin
from kplug.registry.lifecycle import Lifecycle, find_classified

# One e-mail header with its continuation lines; the empty name is a line that the e-mail parser skips.
# importlib_metadata lets that parser read the whole file with its description, which would dominate the
# time of discovery.
_HEADER = re.compile(r"(?:[ \t]|From |([!-9;-~]*):)(.*(?:\n[ \t].*)*)\n?")


_FILES = ("METADATA", "PKG-INFO", "")  # the last one: an egg-info that is itself a file
_LONGEST_NAME = 255  # the file systems' limit for a metadata folder's name


class EntryLine(NamedTuple):
    """An entry point, as written in the file."""

    group: str
    name: str
    value: str


def read_origin(distribution: Any) -> Origin:
    """Return name and version of a distribution of ``importlib_metadata``, from the same headers.

    Raises:
        InvalidName: if the metadata has no name, or an invalid one.
        Exception: whatever a custom reader raises.
    """
    headers = _read_headers(_read_metadata(distribution))
    if "name" not in headers:
        raise InvalidName("it has no line 'Name: …'")
    if len(headers["name"]) > _LONGEST_NAME:
        raise InvalidName(f"its name has {len(headers['name'])} characters")
    return Origin(canonicalize_name(headers["name"], validate=True), headers.get("version", ""))


def read_entry_points(distribution: Any) -> list[EntryLine]:
    """Return the entry points of a distribution, as ``importlib_metadata`` reads them.

    ``importlib_metadata`` makes an object of each line, which takes as long as reading all the files.

    Raises:
        ValueError: for a line without ``=``.
        Exception: whatever a custom reader raises.
    """
    found, group = [], None
    for line in map(str.strip, (distribution.read_text("entry_points.txt") or "").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
        elif line and not line.startswith("#") and group is not None:
            name, equals, value = line.partition("=")
            if not equals:
                raise ValueError(f"{line[:100]!r} is no line of entry_points.txt")
            found.append(EntryLine(group, name.strip(), value.strip()))
    return found


def read_classified_lifecycle(distribution: Any) -> Lifecycle | None:
    """Return the lifecycle that a distribution's classifiers state; None without one, or unreadable."""
    try:
        headers = _read_metadata(distribution).partition("\n\n")[0]
    except Exception:  # noqa: BLE001 - as for `read_origin`, which has reported it
        return None
    return find_classified(headers.split("\n"))


def has_metadata(distribution: Any) -> bool:
    """Whether the metadata of a distribution of ``importlib_metadata`` is still there."""
    return any(distribution.read_text(file) for file in _FILES)


def is_installed(distribution: str) -> bool:
    """Whether a distribution of this name is installed now."""
    return next(iter(importlib_metadata.distributions(name=distribution)), None) is not None


def find_requirement(distribution: str, package: str) -> str | None:
    """Return the package of this name that a distribution says it requires, or None."""
    from packaging.requirements import (
        InvalidRequirement,
        Requirement,
    )  # only for an error: the import takes 8 ms

    for found in importlib_metadata.distributions(name=distribution):
        for line in found.requires or ():
            with contextlib.suppress(InvalidRequirement):
                name = Requirement(line).name
                if canonicalize_name(name) == canonicalize_name(package):
                    return name
    return None


def read_licence(distribution: str) -> str:
    """Return the licence that a distribution states, in one line; empty if it states none."""
    try:
        metadata = importlib_metadata.distribution(distribution).metadata
        classifiers = metadata.get_all("Classifier") or ()
        kinds = [each.rpartition(" :: ")[2] for each in classifiers if each[:7] == "License"]
        stated = (
            metadata.get("License-Expression") or "; ".join(kinds) or metadata.get("License") or ""
        )
    except Exception:  # noqa: BLE001 - invalid metadata; only for display
        return ""
    return str(stated).strip().partition("\n")[0]


def read_header(distribution: str, header: str) -> str:
    """Return a header of a distribution's metadata in one line, such as its summary; empty without one."""
    try:
        stated = importlib_metadata.distribution(distribution).metadata.get(header)
    except Exception:  # noqa: BLE001 - invalid metadata; only for display
        return ""
    return " ".join(str(stated or "").split())


def path_of_url(url: str) -> Path:
    """Return the path of a ``file:`` URL without ``urllib.request``, which imports all of HTTP.

    Example:
        >>> path_of_url("file:///home/me/my%20plugin").as_posix()
        '/home/me/my plugin'
    """
    path = unquote(urlsplit(url).path)
    return Path(path.lstrip("/") if os.name == "nt" else path)  # /C:/me on Windows


def find_folder(distribution: Any) -> str:
    """Return the path of a distribution's metadata, or its printed form if there is no path."""
    return str(getattr(distribution, "_path", distribution))


def _read_metadata(distribution: Any) -> str:
    for file in _FILES:
        if text := distribution.read_text(file):
            return str(text).replace("\r\n", "\n").replace("\r", "\n")
    if hasattr(distribution, "_path"):  # importlib_metadata does not tell why, the file system does
        (distribution._path / "METADATA").read_text(encoding="utf-8")
    return ""


def _read_headers(text: str) -> dict[str, str]:
    """Return the first ``name`` and ``version`` above the first line that is not a header."""
    headers: dict[str, str] = {}
    place = 0
    while len(headers) < 2 and (match := _HEADER.match(text, place)):
        name = (match[1] or "").lower()
        if name in ("name", "version"):
            headers.setdefault(name, " ".join(match[2].split()))
        place = match.end()
    return headers
