"""`find_foreign_files`: the files and entry points of a distribution that reach beyond it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from kplug_registry.placement.known_names import (
    OWNERS,
    STANDARD_MODULES,
    is_known_command,
    is_run_at_start,
)

_LINES_THAT_RUN = (".pth", ".start")  # the second since Python 3.15
_METADATA = (".dist-info", ".egg-info", ".egg-link")
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")
_LOADED_BY_OTHERS = {"torch.backends": "torch imports it whenever torch is imported"}
_SCRIPT = re.compile(r"[\w.+-]+", re.ASCII)
_SCRIPT_FOLDERS = ("bin", "scripts")
_SHARED_FOLDERS = ("share", "include")
_LOOKED_INTO = ("include/", "share/jupyter/")  # by compilers, and by Jupyter for what it starts
_OWN_FOLDER = re.compile(
    r"(?:include/(?:site/)?(?:python[\d.]+t?/)?|share/jupyter/[^/]+/)"
    r"(?!site/|python[\d.]*t?/)([^/]+)/",
    re.IGNORECASE,
)
_LIBRARIES = (".libs", ".dylibs")  # of the distribution before it, by auditwheel and its like
_LEADS_OUT = re.compile(r"\.\.|/+|[A-Za-z]:")
_PACKAGES_FOLDER = re.compile(
    r"(local/)?lib(32|64)?/((python|pypy)[\d.]*t?/)?(site|dist)-packages/", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file or an entry point that reaches beyond its distribution.

    Args:
        name: The file, as the list of files names it, or the entry point.
        reason: Why, as a clause.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file of a distribution and where an installer puts it.

    Args:
        name: The file, as the list of files names it.
        parts: Its path below the folder of packages, or below that of the environment.
        is_package_file: Whether it lies below the folder of packages.
    """

    name: str
    parts: tuple[str, ...]
    is_package_file: bool

    @classmethod
    def from_wheel(cls, name: str) -> PlacedFile:
        """Return the place of a member of a wheel: below ``.data``, the second folder decides.

        Example:
            >>> PlacedFile.from_wheel("waves-1.0.data/scripts/pip").parts
            ('bin', 'pip')
        """
        parts = PurePosixPath(name).parts
        if not parts[0].casefold().endswith(".data"):
            return cls(name, parts, is_package_file=True)
        scheme, rest = "".join(parts[1:2]), parts[2:]
        if scheme in ("purelib", "platlib"):
            return cls._beside_own_metadata(name, rest)
        headers = ("include", parts[0].partition("-")[0])
        folder = {"scripts": ("bin",), "headers": headers, "data": ()}.get(scheme, parts[:2])
        return cls._in_environment(name, (*folder, *rest))

    @classmethod
    def from_record(cls, name: str) -> PlacedFile:
        """Return the place of a file of an installed distribution, from a row of its ``RECORD``.

        Example:
            >>> PlacedFile.from_record("../../../bin/pip").parts
            ('bin', 'pip')
        """
        parts = PurePosixPath(name.replace("\\", "/")).parts
        inner = tuple(part for part in parts if not _LEADS_OUT.fullmatch(part))
        if inner == parts:
            return cls(name, inner, is_package_file=True)
        return cls._in_environment(name, inner)

    @classmethod
    def _in_environment(cls, name: str, parts: tuple[str, ...]) -> PlacedFile:
        """Return the place of a file below the folder of the environment, which holds the packages."""
        if found := _PACKAGES_FOLDER.match("/".join(parts)):
            return cls._beside_own_metadata(name, parts[found[0].count("/") :])
        return cls(name, parts, is_package_file=False)

    @classmethod
    def _beside_own_metadata(cls, name: str, parts: tuple[str, ...]) -> PlacedFile:
        """Return the place of a package file; metadata is no such file, as it would replace its own."""
        is_metadata = "".join(parts[:1]).casefold().endswith(_METADATA)
        return cls(name, parts, is_package_file=not is_metadata)

    @property
    def module(self) -> str:
        """The top-level package or module that the file is of, in lower case."""
        top = self.parts[0]
        if top.casefold() == "__pycache__" and self.parts[1:]:
            top = self.parts[1]
        is_folder = len(self.parts) > 1 and top == self.parts[0]
        return (top if is_folder else top.partition(".")[0]).casefold()


def find_foreign_files(
    files: Iterable[PlacedFile], distribution: str, requires: Iterable[str]
) -> Iterator[ForeignFile]:
    """Yield the files that Python runs by itself, or that others own.

    Args:
        files: The files.
        distribution: The normalised name of the distribution.
        requires: Its requirements.
    """
    owners = {**OWNERS, **dict(_list_required_packages(requires))}
    for file in files:
        if file.parts:
            judge = _judge_package_file if file.is_package_file else _judge_environment_file
            if reason := judge(file, distribution, owners):
                yield ForeignFile(file.name, reason)


def find_foreign_entries(groups: Mapping[str, Iterable[str]]) -> Iterator[ForeignFile]:
    """Yield the entry points that make commands of others, or that others import by themselves.

    Args:
        groups: The names of the entry points of each group.
    """
    for group, names in groups.items():
        for name in names:
            is_script = group in _SCRIPT_GROUPS
            reason = _judge_script(name) if is_script else _LOADED_BY_OTHERS.get(group)
            if reason:
                yield ForeignFile(f"{group}: {name}", reason)


def list_packages(files: Iterable[PlacedFile]) -> tuple[str, ...]:
    """Return the names of the top-level packages and modules, in lower case, sorted."""
    found = {file.module for file in files if file.is_package_file and file.parts}
    return tuple(sorted(name for name in found if not name.endswith(_METADATA)))


def _list_required_packages(requires: Iterable[str]) -> Iterator[tuple[str, str]]:
    for text in requires:
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:  # which others refuse
            continue
        yield name.replace("-", "_"), name


def _judge_package_file(file: PlacedFile, distribution: str, owners: Mapping[str, str]) -> str:
    top, module = file.parts[0].casefold(), file.module
    if len(file.parts) == 1 and top.endswith(_LINES_THAT_RUN):
        return "Python runs its lines whenever it starts"
    if top.endswith(_METADATA):
        name = canonicalize_name(top.rpartition(".")[0].partition("-")[0])
        return "" if name == distribution else "it is metadata of another distribution"
    if is_run_at_start(module):
        return "Python imports it whenever it starts"
    if module in STANDARD_MODULES:
        return f"{module} is a module of Python"
    owner = owners.get(module, distribution)
    if module.endswith(_LIBRARIES):
        owner = canonicalize_name(module.rpartition(".")[0])
    return "" if owner == distribution else f"{module} belongs to the distribution {owner}"


def _judge_environment_file(file: PlacedFile, distribution: str, _: Mapping[str, str]) -> str:
    if file.parts[0].casefold() in _SHARED_FOLDERS:
        path = "/".join(file.parts)
        own = _OWN_FOLDER.match(path)
        is_own = own is not None and canonicalize_name(own[1]) == distribution
        if is_own or not path.casefold().startswith(_LOOKED_INTO):
            return ""
        return f"it lies in no folder with the name {distribution}"
    if len(file.parts) == 2 and file.parts[0].casefold() in _SCRIPT_FOLDERS:
        return _judge_script(file.parts[-1])
    return "it lies outside of the folders of packages, of commands and of share/"


def _judge_script(name: str) -> str:
    if not _SCRIPT.fullmatch(name):
        return "it is no name of a command"
    return "a command of this name belongs to others" if is_known_command(name) else ""
