"""Reads the settings of registries: the address of each, and the root that it trusts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kplug import SettingsTable, read_settings_tables
from kplug_registry.errors import RegistrySettingError

TABLE = "registries"
_KEYS = ("url", "path", "root", "trust", "online")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")
_EXAMPLE = (
    f"""[tool.kplug.{TABLE}.NAME] with url = "https://…" or path = "…", and root = "sha256:…\""""
)


@dataclass(frozen=True, slots=True)
class RegistrySetting:
    """A registry, as a setting describes it.

    Args:
        name: Its name.
        address: Its URL: ``https:``, ``http:`` or ``file:``.
        root: The trusted root: the content of a file, or a fingerprint; None if the user trusts the site
            without signatures.
        is_online: Whether unknown names are looked up over the network at once.
        file: The file of the setting.
    """

    name: str
    address: str
    root: bytes | str | None
    is_online: bool
    file: Path


def get_setting(name: str) -> RegistrySetting:
    """Return the setting of a registry.

    Raises:
        RegistrySettingError: if there is none of that name, or one cannot be understood.
    """
    setting = next((each for each in read_registries() if each.name == name), None)
    if setting is None:
        raise RegistrySettingError(
            f"no registry {name!r} is set", hint="`kplug registry list` shows those that are."
        )
    return setting


def read_registries() -> tuple[RegistrySetting, ...]:
    """Return the registries in their order: those of the machine come before those of a project.

    Raises:
        RegistrySettingError: if one cannot be understood, or two have one name; none is used then.
        PolicyError: if another setting of kplug cannot be understood.
    """
    found: dict[str, RegistrySetting] = {}
    for setting in _read_all(read_settings_tables(TABLE)):
        other = found.setdefault(setting.name, setting)
        if other is not setting:
            raise RegistrySettingError(
                f"the registry {setting.name!r} in {setting.file} has the name of one in {other.file}",
                hint="Give it another name; a nearer file cannot replace what an outer one says.",
            )
    return tuple(found.values())


def read_setting(name: str, values: object, file: Path) -> RegistrySetting:
    """Return a registry as the table in a file describes it.

    Raises:
        RegistrySettingError: if it cannot be understood.
    """
    return _Reader(name, values, file).read()


def _read_all(tables: tuple[SettingsTable, ...]) -> Iterator[RegistrySetting]:
    for table in tables:
        for name, values in table.values.items():
            yield read_setting(name, values, table.file)


class _Reader:
    """Reads one table."""

    def __init__(self, name: str, values: object, file: Path) -> None:
        self._place = f"the registry {name[:80]!r} in {file}"
        if not _NAME.fullmatch(name):
            raise self._error(
                "has a name that is none", "Names have small letters, digits and '-'."
            )
        if not isinstance(values, Mapping):
            raise self._error("is no table", f"Write {_EXAMPLE}.")
        unknown = next((key for key in values if key not in _KEYS), None)
        if unknown is not None:
            raise self._error(f"has the key {unknown[:80]!r}", f"Keys are {', '.join(_KEYS)}.")
        self._name, self._values, self._file = name, values, file

    def read(self) -> RegistrySetting:
        is_online = self._values.get("online", False)
        if not isinstance(is_online, bool):
            raise self._error(
                "has an 'online' that is neither true nor false", "Write true or false."
            )
        return RegistrySetting(
            self._name, self._read_address(), self._read_root(), is_online, self._file
        )

    def _read_address(self) -> str:
        url, path = self._values.get("url"), self._values.get("path")
        if isinstance(path, str) and url is None:
            return (self._file.parent / path).resolve().as_uri()
        if not isinstance(url, str) or path is not None:
            raise self._error("has not one address", f"Write {_EXAMPLE}.")
        try:
            parts = urlsplit(url)
            is_one = parts.scheme == "file" or (
                parts.scheme in ("https", "http") and parts.hostname
            )
            is_one = is_one and parts.port != 0
        except ValueError:  # what is no number of a port, or no address of IPv6
            is_one = False
        if not is_one:
            raise self._error(
                f"has the url {url.rpartition('@')[2][:80]!r}, which is no address of https:, http: or file:",
                'A folder is file:///FOLDER; in a file of settings, also path = "FOLDER".',
            )
        if parts.username or parts.query or parts.fragment:
            raise self._error(
                "has an address with a user, a query or a fragment",
                "Leave them out; names and passwords of servers are read from .netrc.",
            )
        return str(url)

    def _read_root(self) -> bytes | str | None:
        root, trust = self._values.get("root"), self._values.get("trust")
        if trust == "unsigned" and root is None:
            return None
        if not isinstance(root, str) or trust is not None:
            raise self._error(
                "does not say why it is trusted",
                'Write root = "sha256:…" or root = "FILE", as whoever runs it tells you; or, without any '
                'protection, trust = "unsigned".',
            )
        if root.startswith("sha256:"):
            if not _FINGERPRINT.fullmatch(root):
                raise self._error(f"has the root {root[:80]!r}", "A hash has 64 digits, 0 to f.")
            return root
        try:
            return (self._file.parent / root).read_bytes()
        except OSError as error:
            raise self._error(
                f"has a root that cannot be read: {error.strerror}", f"Look for {root[:80]!r}."
            ) from error

    def _error(self, fact: str, hint: Any) -> RegistrySettingError:
        return RegistrySettingError(f"{self._place} {fact}", hint=hint)
