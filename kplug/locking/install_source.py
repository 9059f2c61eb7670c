"""Reads where a distribution was installed from, so that it can be installed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import importlib_metadata

from kplug.locking.working_copy import find_working_copy
from kplug.registry.metadata import path_of_url


@dataclass(frozen=True, slots=True)
class InstallSource:
    """The source of an installed distribution; all fields are empty for a package index.

    Args:
        url: The repository (``git+https://…``) or the archive.
        commit: The commit of the repository.
        subdirectory: The project's folder inside it.
        archive_hash: ``sha256:…`` of the archive.
        is_editable: Whether the distribution is a link to a working copy.
        folder: The working copy on this machine; no lock file has it.
        obstacle: Why an editable install has no commit.
    """

    url: str = ""
    commit: str = ""
    subdirectory: str = ""
    archive_hash: str = ""
    is_editable: bool = False
    folder: Path | None = None
    obstacle: str = ""


def read_install_source(distribution: str) -> InstallSource:
    """Return the source of an installed distribution, from the ``direct_url.json`` of its installer."""
    try:
        found = importlib_metadata.distribution(distribution).read_text("direct_url.json")
        return _read(json.loads(found or "{}"))
    except Exception:  # noqa: BLE001 - an invalid file; then the index may have it
        return InstallSource()


def _read(facts: Mapping[str, Any]) -> InstallSource:
    url, subdirectory = str(facts.get("url", "")), str(facts.get("subdirectory", ""))
    if facts.get("dir_info", {}).get("editable") is True:
        return _read_editable(path_of_url(url))
    if "vcs_info" in facts:
        vcs = facts["vcs_info"]
        return InstallSource(f"{vcs['vcs']}+{url}", str(vcs["commit_id"]), subdirectory)
    archive_hash = _find_archive_hash(facts.get("archive_info", {}))
    return InstallSource(url, "", subdirectory, archive_hash) if archive_hash else InstallSource()


def _read_editable(folder: Path) -> InstallSource:
    found = find_working_copy(folder)
    if found is None:
        return InstallSource(
            is_editable=True, folder=folder, obstacle="that git knows no commit of"
        )
    if found.is_changed:
        return InstallSource(
            is_editable=True, folder=folder, obstacle="with changes that are not committed"
        )
    return InstallSource(
        found.url, found.commit, found.subdirectory, is_editable=True, folder=folder
    )


def _find_archive_hash(archive: Mapping[str, Any]) -> str:
    old_form = str(archive.get("hash", ""))  # the older form of PEP 610
    digest = archive.get("hashes", {}).get("sha256") or old_form.removeprefix("sha256=")
    return f"sha256:{digest}" if digest and "=" not in digest else ""
