"""`find_foreign_installed`: findings of ``kplug doctor`` about foreign files of installed plugins."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.utils import canonicalize_name

from kplug import Finding
from kplug.inspection import list_distributions, list_switched_off
from kplug_registry.placement.foreign_files import (
    ForeignFile,
    PlacedFile,
    find_foreign_entries,
    find_foreign_files,
)
from kplug_registry.placement.known_names import is_editable_finder

# What build backends write for an editable installation: folders, or setuptools' finder.
_EDITABLE = re.compile(r"(?!import[ \t])[^\n]*|import (__editable__\w+)(; ?\1\.install\(\))?")


def find_foreign_installed() -> Iterator[Finding]:
    """Yield the foreign files of all plugins, also of those that settings switch off; imports nothing."""
    offered = {each.distribution for each in list_distributions() if not each.is_built_in}
    for name in sorted({*offered, *list_switched_off()}):
        try:
            found = distribution(name)
            foreign = list(_list_foreign(found, canonicalize_name(name)))
        except (PackageNotFoundError, csv.Error, OSError, ValueError):  # `kplug doctor` says so
            continue
        for file in foreign:
            message = f"it has brought {file.name!r}: {file.reason}"
            yield Finding("foreign", f"{name} {found.version}", message, f"pip uninstall {name}")


def _list_foreign(found: Distribution, name: str) -> Iterator[ForeignFile]:
    rows = csv.reader((found.read_text("RECORD") or "").splitlines())
    files = [PlacedFile.from_record(row[0]) for row in rows if row]
    if _is_editable(found):
        files = [file for file in files if not _is_link(found, file)]
    yield from find_foreign_files(files, name, found.requires or ())
    groups: dict[str, list[str]] = {}
    for point in found.entry_points:
        groups.setdefault(point.group, []).append(point.name)
    yield from find_foreign_entries(groups)


def _is_editable(found: Distribution) -> bool:
    source = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(source.get("dir_info", {}).get("editable"))


def _is_link(found: Distribution, file: PlacedFile) -> bool:
    """Whether a file only makes an editable installation's folders known."""
    if not file.name.endswith(".pth"):
        return file.is_package_file and is_editable_finder(file.module)
    text = Path(str(found.locate_file(file.name))).read_text(encoding="utf-8")
    return all(_EDITABLE.fullmatch(line.strip()) for line in text.splitlines())
