"""Maps distributions to the modules that they declare. Used for loading, never for listing."""

from __future__ import annotations

import ast
import contextlib
import csv
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from pathlib import Path, PurePosixPath
from typing import Any

import importlib_metadata
from packaging.utils import canonicalize_name

from kplug.registry.metadata import path_of_url

# In the import finder that setuptools writes for editable installations without a matching folder layout.
_MAPPING = re.compile(r"^MAPPING\b[^=\n]*= *(\{.*\})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Modules:
    """The modules of a distribution.

    Args:
        names: Modules that its ``RECORD`` lists.
        packages: Packages that it owns entirely.
        folders: Source folders of an editable installation, or others that it adds to ``sys.path``.
        are_known: Whether the metadata tell the modules.
    """

    names: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()
    are_known: bool = True

    def __contains__(self, module: str) -> bool:
        in_packages = any(f"{module}.".startswith(f"{package}.") for package in self.packages)
        return in_packages or self.lists(module)

    def lists(self, module: str) -> bool:
        """Whether a file lists the module, rather than a package name that others may share."""
        return module in self.names or any(_is_in(folder, module) for folder in self.folders)


def read_modules(distribution: Any) -> Modules:
    """Return the modules of a distribution of ``importlib_metadata``; none if the metadata do not tell.

    An editable installation owns the modules of its source folder *by name*, wherever they are imported from.
    """
    record = distribution.read_text("RECORD") or ""
    files = [PurePosixPath(row[0]) for row in csv.reader(record.splitlines()) if row]
    names = frozenset(filter(None, map(name_module, files)))
    packages, folders = _read_links(distribution, [file for file in files if not file.parts[1:]])
    if not packages and not folders:
        folders = _find_source_folders(distribution)
    if not record and not folders:
        packages = (distribution.read_text("top_level.txt") or "").split()
    return Modules(names, frozenset(packages), tuple(folders), bool(record or packages or folders))


def read_requirements(distribution: Any) -> Iterator[str]:
    """Yield the names of a distribution's requirements here, including those of its extras."""
    from packaging.requirements import Requirement  # takes 8 ms, and few plugins wrap others

    extras = ["", *(distribution.metadata.get_all("Provides-Extra") or ())]
    for line in distribution.requires or ():
        with contextlib.suppress(ValueError):  # skips an invalid line
            required = Requirement(line)
            marker = required.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                yield canonicalize_name(required.name)


def find_distribution(name: str) -> Any:
    """Return the installed distribution of a name, the first on ``sys.path``, or None."""
    return next(iter(importlib_metadata.distributions(name=name)), None)


def name_module(file: PurePosixPath) -> str | None:
    """Return the module of a file in a search folder; None if it is not a module.

    Example:
        >>> name_module(PurePosixPath("waves/__init__.py")), name_module(PurePosixPath("waves/wind.py"))
        ('waves', 'waves.wind')
    """
    folders, module = file.parts[:-1], inspect.getmodulename(file.name)
    if module is None or not all(map(str.isidentifier, (*folders, module))):
        return None
    return ".".join(folders if folders and module == "__init__" else (*folders, module))


def _read_links(distribution: Any, files: Iterable[PurePosixPath]) -> tuple[list[str], list[Path]]:
    """Return the packages and folders to which path files and finders of a distribution point."""
    packages: list[str] = []
    folders: list[Path] = []
    for file in files:
        if file.suffix == ".pth":
            lines = map(str.strip, _read(distribution, file).splitlines())
            paths = [line for line in lines if line and not line.startswith(("#", "import"))]
            folders += [Path(distribution.locate_file(path)) for path in paths]
        elif file.name.startswith("__editable__") and file.suffix == ".py":
            packages += _read_mapping(_read(distribution, file))
    return packages, folders


def _read(distribution: Any, file: PurePosixPath) -> str:
    try:
        return Path(distribution.locate_file(str(file))).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _read_mapping(source: str) -> list[str]:
    """Return the packages that a setuptools finder maps to folders."""
    found = _MAPPING.search(source)
    return list(ast.literal_eval(found[1])) if found else []


def _find_source_folders(distribution: Any) -> list[Path]:
    try:
        found = json.loads(distribution.read_text("direct_url.json") or "{}")
        if not found.get("dir_info", {}).get("editable"):
            return []
        root = path_of_url(found["url"])
    except Exception:  # noqa: BLE001 - missing, or invalid
        return []
    return [root, root / "src"]


def _is_in(folder: Path, module: str) -> bool:
    """Whether a folder on ``sys.path`` contains a module, or a regular package that must contain it."""
    *parents, name = module.split(".")
    for parent in parents:
        folder /= parent
        if _has_file(folder, "__init__"):
            return True
    return _has_file(folder, name) or _has_file(folder / name, "__init__")


def _has_file(folder: Path, name: str) -> bool:
    return name.isidentifier() and any(
        (folder / f"{name}{end}").is_file() for end in all_suffixes()
    )
