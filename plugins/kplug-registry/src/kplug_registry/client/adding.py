"""Looks at a registry before it is trusted, and writes or removes its setting."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tuf.api.exceptions import DownloadError
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization import DeserializationError

from kplug_registry.client.registries import check_format
from kplug_registry.client.settings import TABLE, read_setting
from kplug_registry.errors import RegistrySettingError, TrustError, UnreachableSiteError
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import ROOT
from kplug_registry.trust.metadata_paths import metadata_path
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.signing import write_file
from kplug_registry.trust.verified_site import VerifiedSite

_LONGEST_ROOT = 512_000
_PROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class OfferedRoot:
    """The root that a site offers, which nothing vouches for.

    Args:
        fingerprint: What a setting pins.
        keys: How many keys it has.
        threshold: How many of them have to sign the next root.
        expires: When it expires.
    """

    fingerprint: str
    keys: int
    threshold: int
    expires: str


def fetch_root(address: str, fetcher: SiteFetcher | None = None) -> OfferedRoot:
    """Return the newest root that a site offers.

    Raises:
        UnreachableSiteError: if the site does not answer.
        TrustError: if it has no root, or a file that is none.
    """
    url = f"{address.rstrip('/')}/{metadata_path(ROOT)}"
    try:
        data = (fetcher or SiteFetcher()).download_bytes(url, _LONGEST_ROOT)
    except DownloadError as error:
        if getattr(error, "status_code", None) in (403, 404):
            raise TrustError(
                f"{address} has no root that could be trusted: {url} is missing",
                hint='Correct the address. A site without signatures is set by hand: trust = "unsigned".',
            ) from error
        raise UnreachableSiteError(
            f"the root of {address} cannot be had: {error}", hint="No setting was written."
        ) from error
    try:
        root = Metadata[Root].from_bytes(data).signed
    except DeserializationError as error:
        raise TrustError(f"{url} is no root: {error}", hint="No setting was written.") from error
    if not isinstance(root, Root):
        raise TrustError(f"{url} is no root", hint="No setting was written.")
    role = root.roles[ROOT]
    expires = f"{root.expires:%Y-%m-%d}"
    return OfferedRoot(get_fingerprint(data), len(role.keyids), role.threshold, expires)


def check_site(name: str, address: str, root: str) -> None:
    """Check that a site is a registry whose newest state the root's keys have signed.

    Nothing is kept: neither a copy of the site nor its recalls.

    Args:
        name: The name of the registry, for messages.
        address: Its URL.
        root: The fingerprint of its root.

    Raises:
        RegistrySettingError: if it is not a registry.
        SiteFormatError: if its format is unsupported.
        TrustError: if it is not signed by that root, or its signatures have expired.
        UnreachableSiteError: if it does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        site = VerifiedSite(address, Path(folder), root)
        check_format(name, site.address, site.find_format())


def find_file(folder: Path) -> Path:
    """Return the nearest ``pyproject.toml`` at or above a folder; a new one in it where there is none."""
    places = (each / _PROJECT for each in (folder, *folder.parents))
    return next((each for each in places if each.is_file()), folder / _PROJECT)


def add_setting(file: Path, name: str, values: Mapping[str, Any]) -> None:
    """Write the setting of a registry into a file, of which all else stays as it is.

    Args:
        file: A ``pyproject.toml``, or a file of settings alone.
        name: The name of the registry.
        values: Its keys.

    Raises:
        RegistrySettingError: if the file cannot be read, has a registry of that name, or has a form that
            cannot be kept.
    """
    read_setting(name, values, file)  # checks it
    text = _read(file)
    document = _parse(file, text)
    expected = document.unwrap()
    registries = _descend(expected, file)
    if name in registries:
        raise RegistrySettingError(
            f"{file} has a registry {name!r}",
            hint=f"`kplug registry remove {name}` removes it; or give another name.",
        )
    registries[name] = dict(values)
    table: Any = document
    for key in _path(file):
        if key not in table:
            table[key] = tomlkit.table(is_super_table=True)
        table = table[key]
    table[name] = dict(values)
    _write(file, document, text, expected)


def remove_setting(file: Path, name: str) -> None:
    """Remove the setting of a registry from a file, of which all else stays as it is.

    Raises:
        RegistrySettingError: if the file cannot be read, has no such registry, or has a form that cannot be
            kept.
    """
    text = _read(file)
    document = _parse(file, text)
    expected = document.unwrap()
    registries = _descend(expected, file)
    if name not in registries:
        raise RegistrySettingError(
            f"{file} has no registry {name!r}", hint="`kplug registry list` says where each is set."
        )
    for each in (expected, document):
        _remove(each, (*_path(file), name))
    _write(file, document, text, expected)


def _remove(table: Any, path: Sequence[str]) -> None:
    """Remove an entry, and the tables that it leaves empty."""
    key, *rest = path
    if rest:
        _remove(table[key], rest)
    if not rest or not table[key]:
        del table[key]


def _path(file: Path) -> tuple[str, ...]:
    return ("tool", "kplug", TABLE) if file.name == _PROJECT else (TABLE,)


def _descend(document: dict[str, Any], file: Path) -> dict[str, Any]:
    """Return the table of registries, made where there is none."""
    table = document
    for key in _path(file):
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise RegistrySettingError(
                f"{key!r} in {file} is no table", hint="Mend the file first."
            )
    return table


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8") if file.exists() else ""  # with the ends of lines
    except (OSError, UnicodeDecodeError) as error:
        raise RegistrySettingError(
            f"{file} cannot be read: {error}", hint="Mend the file first."
        ) from error


def _parse(file: Path, text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise RegistrySettingError(
            f"{file} is not valid TOML: {error}", hint="Mend it first."
        ) from error


def _write(
    file: Path, document: tomlkit.TOMLDocument, before: str, expected: Mapping[str, Any]
) -> None:
    text = tomlkit.dumps(document)
    if _parse(file, text).unwrap() != expected:  # tomlkit mishandles some rare forms
        raise RegistrySettingError(
            f"{file} has a form that cannot be kept",
            hint=f"Write [{'.'.join(_path(file))}.NAME] by hand.",
        )
    if "\r\n" in before:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    try:
        write_file(file, text.encode("utf-8"))
    except OSError as error:
        raise RegistrySettingError(
            f"{file} cannot be written: {error.strerror}", hint="Name another file: --file."
        ) from error
