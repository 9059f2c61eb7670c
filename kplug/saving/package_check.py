"""Whether the packages that a file names are installed, in the versions that it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kplug.arguments import require_choice
from kplug.errors import WeightsError
from kplug.registry import REGISTRY
from kplug.registry.candidates.packages import Package
from kplug.registry.loading.imported_code import Build, find_build_here, find_replacement
from kplug.registry.user_warnings import warn

Verify = Literal["off", "warn", "exact"]

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")


def verify_components(
    read: Callable[[], list[dict[str, Any]]], verify: Verify, source: Path
) -> None:
    """Compare the packages that a file names with those that are installed.

    Raises:
        WeightsError: For ``"exact"``, if a package is missing or differs, or the table is damaged.
    """
    if verify == "off":
        return
    try:
        rows = read()
    except WeightsError as error:
        if verify == "exact":
            raise
        warn(f"{source}: {error}")
        return
    sentences = compare_installed(rows, exact=verify == "exact")
    if not sentences:
        return
    message = "the file was made with other packages:\n  " + "\n  ".join(sentences)
    if verify == "exact":
        raise WeightsError(message, hint="Load it where those builds run, or pass verify='warn'.")
    warn(f"{source}: {message}")


def compare_installed(rows: Iterable[Mapping[str, Any]], *, exact: bool) -> list[str]:
    """Return a sentence for each distribution of the table that is missing or differs.

    Args:
        rows: The table as it was stored.
        exact: Compare whole version strings, and the hashes of the code where the table has them.
            Otherwise local labels (``+cpu``) do not count, and for kplug and torch, which every file
            names, nothing below the minor version does.
    """
    stored: dict[tuple[str, Build], list[str]] = {}
    for row in rows:
        distribution, version = row.get("distribution"), row.get("version")
        # "custom" stands for objects of the user's own code, which no package supplies.
        if distribution == "custom" or not version:
            continue
        if _is_distribution(distribution) and isinstance(version, str):
            build = Build(version, row["hash"] if isinstance(row.get("hash"), str) else None)
            names = stored.setdefault((str(distribution), build), [])
            if str(row.get("name")) not in names:
                names.append(str(row.get("name")))
    sentences = []
    for (distribution, build), names in sorted(stored.items(), key=lambda item: item[0][0]):
        sentence = _compare(distribution, build, names, exact=exact)
        if sentence:
            sentences.append(sentence)
    return sentences


def check_verify(owner: str, verify: str) -> None:
    """Raise ``ArgumentValueError`` unless ``verify`` is one of the three words."""
    require_choice(owner, "verify", verify, ("off", "warn", "exact"))


def _compare(distribution: str, stored: Build, names: list[str], *, exact: bool) -> str | None:
    version, here = stored.version, find_build_here(distribution)
    installed = None if here is None else here.version
    used, was = _printable(", ".join(names)), _printable(version)
    if installed is None:
        if packages := _ask_plugins(distribution, names[0]):
            return f"{distribution} {was}, which supplied {used}, is not installed: {packages[0].install}"
        return (
            f"the file says that {distribution!r} {was} supplied {used}; it is not installed, and no "
            "plugin here knows that package"
        )
    if _reduce(distribution, installed, exact=exact) == _reduce(distribution, version, exact=exact):
        is_other = (
            exact and stored.hash is not None and here is not None and stored.hash != here.hash
        )
        if not is_other:
            return None
        return f"{distribution} {was}, which supplied {used}, has other code here under the same version"
    advice = find_replacement(distribution)
    if advice is None and distribution in REGISTRY.state.discovery.by_name:
        advice = _install_line(distribution, version)
    shown = f": {advice}" if advice else ""
    return f"{distribution}, which supplied {used}, was {was}, here {installed}{shown}"


def _ask_plugins(distribution: str, name: str) -> list[Package]:
    """Return the packages that may be installed on a file's word: those that a plugin knows."""
    return REGISTRY.find_packages("", name.rpartition("/")[2], canonicalize_name(distribution))


def _reduce(distribution: str, version: str, *, exact: bool) -> object:
    """Return the part of a version that is compared."""
    if exact:
        return version
    try:
        parsed = Version(version)
    except InvalidVersion:
        return version
    return parsed.release[:2] if distribution in {"kplug", "torch"} else Version(parsed.public)


def _install_line(distribution: str, version: str) -> str:
    """Return the command that installs it; only a well-formed version gets into it."""
    try:
        return f'pip install "{distribution}=={Version(version).public}"'
    except InvalidVersion:
        return f"pip install {distribution}"


def _is_distribution(name: object) -> bool:
    return isinstance(name, str) and _DISTRIBUTION.fullmatch(name) is not None


def _printable(text: str) -> str:
    """Return text from a file without characters that could control a terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in text[:200])
