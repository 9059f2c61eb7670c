"""Writes the lock file, and reads it with validation of every field."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from kplug.errors import LockError, PolicyError
from kplug.locking.install_source import InstallSource
from kplug.registry.policy.toml_files import parse_toml, read_bytes
from kplug.registry.quoting import quote

LAYOUT = 1
_HEADER = """\
# What supplies the components of {made_for}: written by `kplug lock`.
# `kplug lock --check` compares it with what is installed, `kplug sync` installs it.
layout = {layout}
"""
_URL = r"[A-Za-z0-9.\-_~:/@%+!,=&?()\[\]]{1,1000}"
ARCHIVE_URL = re.compile(rf"(?:https?|file)://{_URL}")
_FORMS = {
    "name": re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?"),
    "version": re.compile(r"[0-9A-Za-z.!+_-]{1,100}"),
    "hash": re.compile(r"(?:editable-)?sha256:[0-9a-f]{64}"),
    "url": re.compile(rf"(?:(?:git|hg|svn|bzr)\+[a-z]+|https?|file)://{_URL}"),
    "commit": re.compile(r"[0-9A-Za-z]{1,64}"),
    "subdirectory": re.compile(r"(?!\.\.?/)\w[\w.-]*(?:/\w[\w.-]*)*"),
    "archive-hash": re.compile(r"sha256:[0-9a-f]{64}"),
}
_COMPONENT = re.compile(r"[a-z_]{1,50} [A-Za-z][A-Za-z0-9_]{0,199}")
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One distribution of a lock.

    Args:
        name: Its normalised name.
        version: Its version.
        hash: The hash of its code; empty without a ``RECORD``.
        source: Its source.
        components: ``kind name`` of what it supplies, aliases among them.
    """

    name: str
    version: str
    hash: str = ""
    source: InstallSource = field(default_factory=InstallSource)
    components: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """The required state of an installation.

    Args:
        packages: The distributions, sorted by name.
        not_locked: ``custom/name`` of the user's own code, which no distribution supplies.
    """

    packages: tuple[LockedPackage, ...]
    not_locked: tuple[str, ...] = ()


def format_lock(lock: Lock, made_for: str = "this environment") -> str:
    """Return the text of a lock file.

    Args:
        lock: The lock.
        made_for: What was locked, for the comment at the top.

    Raises:
        LockError: An invalid name, version or address, or too many entries.
    """
    _check_texts("not-locked", list(lock.not_locked))
    text = _HEADER.format(made_for=quote(made_for), layout=LAYOUT)
    if lock.not_locked:
        text += f"not-locked = {_as_toml(lock.not_locked)}\n"
    for package in lock.packages:
        fields = {name: value for name, value in _list_fields(package).items() if value}
        text += "\n[[packages]]\n"
        text += "".join(f"{name} = {_as_toml(value)}\n" for name, value in fields.items())
    _read(_parse(Path("the lock"), text.encode()))  # refuses to write an unreadable lock
    return text


def read_lock(path: str | os.PathLike[str]) -> Lock:
    """Return the content of a lock file, without looking up, importing or running anything in it.

    Raises:
        LockError: There is no such file, it is damaged, too large, or of a newer kplug.
    """
    try:
        data = read_bytes(Path(path))
    except PolicyError as error:
        raise _unreadable(error) from error
    if data is None:
        raise LockError(f"there is no lock {quote(str(path))}", hint="`kplug lock` writes one.")
    content = _parse(Path(path), data)
    try:
        return _read(content)
    except LockError as error:
        raise error.at(str(path)) from None


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        return parse_toml(path, data)
    except PolicyError as error:
        raise _unreadable(error) from error


def _read(content: Mapping[str, Any]) -> Lock:
    layout = content.get("layout")
    if type(layout) is not int or layout < 1:
        raise _damaged("it has no layout")
    if layout > LAYOUT:
        raise LockError(
            f"the lock has layout {layout}, this kplug reads {LAYOUT}",
            hint="pip install --upgrade kplug",
        )
    if unknown := content.keys() - {"layout", "packages", "not-locked"}:
        raise _damaged(f"it has an unknown key {quote(min(unknown))}")
    tables = content.get("packages", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _damaged("'packages' is no list of tables")
    packages = tuple(map(_read_package, tables))
    names = [package.name for package in packages]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise _damaged(f"it has {quote(repeated[0])} twice")
    return Lock(packages, _check_texts("not-locked", content.get("not-locked", [])))


def _read_package(table: dict[str, Any]) -> LockedPackage:
    components = _check_texts("components", table.get("components", []), _COMPONENT)
    is_editable = table.get("editable", False)
    if type(is_editable) is not bool:
        raise _damaged("'editable' is neither true nor false")
    fields = {
        name: value for name, value in table.items() if name not in ("components", "editable")
    }
    _check_fields(fields)
    source = InstallSource(
        fields.get("url", ""),
        fields.get("commit", ""),
        fields.get("subdirectory", ""),
        fields.get("archive-hash", ""),
        is_editable,
    )
    return LockedPackage(
        fields["name"], fields["version"], fields.get("hash", ""), source, components
    )


def _check_fields(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name in ("components", "editable"):
            continue
        if name not in _FORMS:
            raise _damaged(f"a package has an unknown key {quote(name)}")
        if not isinstance(value, str) or not _FORMS[name].fullmatch(value):
            raise _damaged(f"a package has the {name} {quote(value)}, which none can have")
    if not {"name", "version"} <= fields.keys():
        raise _damaged("a package has no name or no version")
    url = fields.get("url", "")
    pin = "commit" if "+" in url.partition("://")[0] else "archive-hash"
    if url and pin not in fields:
        raise _damaged(f"the address of {fields['name']} has no {pin}")
    try:
        Version(fields["version"])
    except InvalidVersion:
        raise _damaged(f"{quote(fields['version'])} is no version") from None


def _check_texts(key: str, found: object, form: re.Pattern[str] | None = None) -> tuple[str, ...]:
    if not isinstance(found, list):
        raise _damaged(f"{quote(key)} is no list")
    for text in found:
        is_text = isinstance(text, str) and text.isprintable() and 0 < len(text) <= _LONGEST_TEXT
        if not is_text or (form is not None and not form.fullmatch(text)):
            raise _damaged(f"{quote(key)} has {quote(text)}")
    return tuple(found)


def _list_fields(package: LockedPackage) -> dict[str, Any]:
    source = package.source
    return {
        "name": package.name,
        "version": package.version,
        "hash": package.hash,
        "editable": source.is_editable,
        "url": source.url if source.commit or source.archive_hash else "",
        "commit": source.commit,
        "subdirectory": source.subdirectory,
        "archive-hash": source.archive_hash,
        "components": package.components,
    }


def _as_toml(value: str | bool | tuple[str, ...]) -> str:
    """Return a value as TOML, which shares JSON's strings, lists and booleans."""
    if isinstance(value, tuple):
        return "[\n" + "".join(f"  {_as_toml(item)},\n" for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _unreadable(error: PolicyError) -> LockError:
    return LockError(error.message, hint="`kplug lock` writes it again.")


def _damaged(reason: str) -> LockError:
    return LockError(f"the lock cannot be used: {reason}", hint="`kplug lock` writes it again.")
