"""A hash of the code of an installed distribution: it tells two builds of one version apart."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path

import importlib_metadata

from kplug.registry.metadata import path_of_url

# What an installer writes: it differs between machines that have the same wheel.
_OF_INSTALLER = frozenset(
    {"INSTALLER", "REQUESTED", "direct_url.json", "provenance_url.json", "uv_cache.json"}
)


def hash_distribution(distribution: importlib_metadata.Distribution) -> str | None:
    """Return a hash of a distribution's files; the same wheel has the same one on every machine.

    Args:
        distribution: The distribution.

    Returns:
        ``sha256:…`` of the hashes in its ``RECORD``, without the files that the installer adds. The
        ``RECORD`` of an editable install does not list the code: ``editable-sha256:…`` is the hash of
        the Python files of the packages that its entry points name, which a commit and an uncommitted
        change both alter. None where there is nothing to go by.
    """
    project = _find_project(distribution)
    lines = _list_sources(distribution, project) if project else _list_record(distribution)
    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() if lines else None
    return digest and f"{'editable-' * (project is not None)}sha256:{digest}"


def _list_record(distribution: importlib_metadata.Distribution) -> list[str]:
    record = distribution.read_text("RECORD") or ""
    rows = (row for row in csv.reader(record.splitlines()) if len(row) > 1)
    return [f"{path},{digest}" for path, digest, *_ in rows if digest and not _is_local(path)]


def _is_local(path: str) -> bool:
    # Scripts lie outside the search folder, and their first line names the interpreter.
    is_outside = path.startswith("..") or Path(path).is_absolute()
    return is_outside or path.endswith(".pyc") or path.rpartition("/")[2] in _OF_INSTALLER


def _find_project(distribution: importlib_metadata.Distribution) -> Path | None:
    """Return the folder that an editable install points to, None for any other install."""
    try:
        facts = json.loads(distribution.read_text("direct_url.json") or "{}")
        if facts["dir_info"]["editable"] is True:
            return path_of_url(facts["url"]).resolve()
    except (ValueError, LookupError, TypeError, AttributeError):  # the file may hold anything
        pass
    return None


def _list_sources(distribution: importlib_metadata.Distribution, project: Path) -> list[str]:
    lines = []
    for name in {entry.module.partition(".")[0] for entry in distribution.entry_points}:
        for folder, path in _find_files(name):
            if path.resolve().is_relative_to(project):  # a wrapper names modules of others
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                lines.append(f"{name}/{path.relative_to(folder).as_posix()},{digest}")
    return lines


def _find_files(package: str) -> Iterable[tuple[Path, Path]]:
    """Return the Python files of a package or module, each with its folder; nothing is imported."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    if spec.submodule_search_locations is None and spec.origin:
        yield Path(spec.origin).parent, Path(spec.origin)
    for folder in map(Path, spec.submodule_search_locations or ()):
        yield from ((folder, path) for path in folder.rglob("*.py"))
