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

# One header with the lines that continue it, as an e-mail has them; the empty word is a line that the e-mail
# parser passes over. importlib_metadata lets that parser read all of a file, description and all, which takes
# longer than everything else of a discovery.
_HEADER = re.compile(r"(?:[ \t]|From |([!-9;-~]*):)(.*(?:\n[ \t].*)*)\n?")


_FILES = ("METADATA", "PKG-INFO", "")  # the last one is an egg-info that is a file itself
_LONGEST_NAME = (
    255  # as file systems have it: no folder of metadata can be called after a longer one
)


class EntryLine(NamedTuple):
    """An entry point, as it is written."""

    group: str
    name: str
    value: str


def read_origin(distribution: Any) -> Origin:
    """Return name and version of a distribution of ``importlib_metadata``, by the headers it would read.

    Raises:
        InvalidName: if the metadata has no name, or one that no distribution can have.
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

    It makes an object of each line, which for many distributions takes as long as to read all the files.

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
    )  # for an error, and it takes 8 ms

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
    except Exception:  # noqa: BLE001 - metadata may hold anything, and this only informs
        return ""
    return str(stated).strip().partition("\n")[0]


def path_of_url(url: str) -> Path:
    """Return the path that a ``file:`` URL names, without ``urllib.request``, which brings in all of HTTP.

    Example:
        >>> path_of_url("file:///home/me/my%20plugin").as_posix()
        '/home/me/my plugin'
    """
    path = unquote(urlsplit(url).path)
    return Path(path.lstrip("/") if os.name == "nt" else path)  # /C:/me on Windows


def find_folder(distribution: Any) -> str:
    """Return the path of a distribution's metadata; what it is printed as, where that is no path."""
    return str(getattr(distribution, "_path", distribution))


def _read_metadata(distribution: Any) -> str:
    for file in _FILES:
        if text := distribution.read_text(file):
            return str(text).replace("\r\n", "\n").replace("\r", "\n")
    if hasattr(distribution, "_path"):  # importlib_metadata does not tell why, the file system does
        (distribution._path / "METADATA").read_text(encoding="utf-8")
    return ""


def _read_headers(text: str) -> dict[str, str]:
    """Return the first ``name`` and the first ``version`` above the first line that is no header."""
    headers: dict[str, str] = {}
    place = 0
    while len(headers) < 2 and (match := _HEADER.match(text, place)):
        name = (match[1] or "").lower()
        if name in ("name", "version"):
            headers.setdefault(name, " ".join(match[2].split()))
        place = match.end()
    return headers
