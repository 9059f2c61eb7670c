"""Reads METADATA and the file name: a wheel's distribution, version and requirements."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.metadata import ExceptionGroup, InvalidMetadata, Metadata
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from kplug.inspection import Lifecycle, find_classified
from kplug_registry.wheels.archive import WheelArchive

_MOST_KEYWORDS, _LONGEST_KEYWORD = 20, 40  # as more would be there to be found everywhere
_LONGEST_REQUIREMENTS = 20_000  # in total, as every component's file repeats them


@dataclass(frozen=True, slots=True)
class WheelMetadata:
    """The metadata of a wheel.

    Args:
        name: The normalised name.
        version: The version, in its normal form.
        summary: One line.
        license: The licence, as an expression or as text.
        requires: Requirements (PEP 508), as written.
        requires_python: The Pythons that it supports; empty for all.
        text: The file METADATA.
        lifecycle: The lifecycle in its classifiers, if they have one.
        keywords: Its keywords, `_MOST_KEYWORDS` at most.
    """

    name: NormalizedName
    version: str
    summary: str
    license: str
    requires: tuple[str, ...]
    requires_python: str
    text: bytes
    lifecycle: Lifecycle | None = None
    keywords: tuple[str, ...] = ()


def find_metadata_folder(archive: WheelArchive) -> str:
    """Return the wheel's only ``.dist-info`` folder."""
    tops = {name.partition("/")[0] for name in archive.names}
    folders = sorted(top for top in tops if top.casefold().endswith(".dist-info"))
    if len(folders) != 1:
        archive.refuse(f"it has {len(folders)} folders .dist-info")
    return folders[0]


def read_metadata(archive: WheelArchive, folder: str) -> WheelMetadata:
    """Return the metadata, if it is consistent with itself and with the file's name.

    Raises:
        WheelError: for invalid metadata, or metadata of another wheel.
    """
    text = archive.read(f"{folder}/METADATA")
    try:
        found = Metadata.from_email(text, validate=True)
    except ExceptionGroup as group:
        archive.refuse("METADATA: " + "; ".join(_describe(error) for error in group.exceptions))
    name, version = _parse_filename(archive)
    made = canonicalize_name(found.name)
    if (made, found.version) != (name, version):
        archive.refuse(f"METADATA is that of {made} {found.version}, not of {name} {version}")
    folder_name = canonicalize_name(folder.removesuffix(".dist-info").rpartition("-")[0])
    if folder_name != name:
        archive.refuse(f"its folder {folder[:80]} is that of another distribution")
    requires = (*map(str, found.requires_dist or ()), str(found.requires_python or ""))
    if sum(map(len, requires)) > _LONGEST_REQUIREMENTS:
        archive.refuse(f"its requirements have more than {_LONGEST_REQUIREMENTS} characters")
    return WheelMetadata(
        name,
        str(version),
        _to_line(found.summary or ""),
        _to_line(found.license_expression or found.license or ""),
        requires[:-1],
        requires[-1],
        text,
        find_classified(found.classifiers or ()),
        tuple(
            _to_line(word)[:_LONGEST_KEYWORD] for word in (found.keywords or ())[:_MOST_KEYWORDS]
        ),
    )


def _parse_filename(archive: WheelArchive) -> tuple[NormalizedName, Version]:
    try:
        name, version, _, _ = parse_wheel_filename(archive.path.name)
    except InvalidWheelFilename as error:
        archive.refuse(f"its name is none of a wheel: {error}")
    return name, version


def _describe(error: Exception) -> str:
    field = f"{error.field}: " if isinstance(error, InvalidMetadata) else ""
    return f"{field}{error}"[:200]


def _to_line(text: str) -> str:
    return " ".join(text.split())[:500]
