"""Checks that the packages a file names are installed, in those versions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kplug.components.arguments import require_choice
from kplug.errors import WeightsError
from kplug.registry import REGISTRY
from kplug.registry.candidates.installable_packages import Package
from kplug.registry.component import BUILT_IN, CUSTOM
from kplug.registry.loading.running_builds import Build, find_build_here, find_replacement
from kplug.registry.quoting import quote
from kplug.registry.user_warnings import warn
from kplug.saving.protocols import LayeredModel
from kplug.saving.provenance import collect_rows, list_suppliers

Verify = Literal["off", "warn", "exact"]

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")


def verify_components(
    read: Callable[[], list[dict[str, Any]] | None], verify: Verify, source: Path
) -> list[dict[str, Any]]:
    """Compare the packages that a file names with those that are installed.

    Args:
        read: The function that reads the table; it returns None if there is none.
        verify: The action for differences.
        source: The file.

    Returns:
        The table; empty if there is none that can be read.

    Raises:
        WeightsError: For ``"exact"``, if a package is missing or differs, or if the table is damaged,
            missing or incomplete.
    """
    try:
        rows = read()
    except WeightsError as error:
        if verify == "exact":
            raise
        if verify == "warn":
            warn(f"{source}: {error}")
        return []
    if verify == "off":
        return rows or []
    if rows is None and verify == "exact":
        raise WeightsError(
            "the file does not say which packages it was made of: kplug did not write it",
            hint="Load it with verify='warn' and save it with kplug.",
        )
    rows = rows or []
    sentences = compare_installed(rows, exact=verify == "exact")
    message = "the file was made with other packages:\n  " + "\n  ".join(sentences)
    if sentences and verify == "exact":
        raise WeightsError(message, hint="Load it where those builds run, or pass verify='warn'.")
    if sentences:
        warn(f"{source}: {message}")
    if verify == "exact" and (gaps := list_gaps(rows)):
        raise _incomplete(gaps)
    return rows


def require_recorded(model: LayeredModel, rows: Iterable[Mapping[str, Any]]) -> None:
    """Refuse a loaded model that does not match its file's table.

    Built-in components of layers need no row if their package is recorded: a default slot has no row before
    the model is loaded. The caller is responsible for the user's own code.

    Args:
        model: The model that was made from the file.
        rows: The table.

    Raises:
        WeightsError: A component of the model has no row with its kind, name, package, version and hash.
    """
    rows = list(rows)
    names, builds = {_identify(row) for row in rows}, {_identify_build(row) for row in rows}
    sentences = [
        f"no row for {row['slot']}: {row['name']} is of {row['distribution']} {row['version']}"
        + (f", which has no hash here: {row['doubt']}" if "doubt" in row else "")
        for row in collect_rows(model)
        if row["distribution"] != CUSTOM
        and _identify(row) not in names
        and not (_is_of_built_in_layers(row) and _identify_build(row) in builds)
    ]
    if sentences:
        raise _incomplete(sentences)


def _is_of_built_in_layers(row: Mapping[str, Any]) -> bool:
    return row["distribution"] in BUILT_IN and "." in row["slot"]


def require_suppliers(model: LayeredModel, rows: Iterable[Mapping[str, Any]]) -> None:
    """Refuse weights if their file does not name every package of a model's layers.

    Raises:
        WeightsError: A package is not named.
    """
    named = {row.get("distribution") for row in rows}
    used = {(row["distribution"], row["name"]) for row in collect_rows(model, of_layers=True)}
    if gaps := [
        f"no row of {distribution}, which supplies {name} of the model"
        for distribution, name in sorted(used)
        if distribution not in {*named, CUSTOM}
    ]:
        raise _incomplete(gaps)


def _identify(row: Mapping[str, Any]) -> str:
    # Not by slot: a nested component has another slot after loading.
    return f"{row.get('kind')} {row.get('name')} {_identify_build(row)}"


def _identify_build(row: Mapping[str, Any]) -> str:
    facts = [row.get(name) for name in ("distribution", "version", "hash", "code")]
    return json.dumps(facts, sort_keys=True, default=str)


def _incomplete(gaps: list[str]) -> WeightsError:
    return WeightsError(
        "the component table of the file does not say all that would have to be compared:\n  "
        + "\n  ".join(gaps),
        hint="Save the model again where its packages are as they were installed, or pass verify='warn'.",
    )


def list_gaps(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each gap in a table: a missing package, version or hash."""
    found = dict.fromkeys(
        gap
        for row in rows
        if row.get("distribution") != CUSTOM  # no package supplies the user's own code
        for supplier in list_suppliers(row)
        if (gap := _find_gap(row, supplier)) is not None
    )
    return sorted(found)


def _find_gap(row: Mapping[str, Any], supplier: Mapping[str, Any]) -> str | None:
    distribution, version = supplier.get("distribution"), supplier.get("version")
    if not _is_distribution(distribution):
        return f"no package that supplied {quote(str(row.get('name')))}"
    if not version or not isinstance(version, str):
        return f"the file does not say which version of {quote(distribution)} it used"
    if supplier.get("hash") and isinstance(supplier["hash"], str):
        return None
    doubt = supplier.get("doubt")
    reason = f": {_printable(doubt)}" if isinstance(doubt, str) else ""
    return f"no hash of the code of {distribution} {_printable(version)}{reason}"


def compare_installed(rows: Iterable[Mapping[str, Any]], *, exact: bool) -> list[str]:
    """Return a sentence for each distribution of the table that is missing or differs.

    Args:
        rows: The stored table; missing entries are not compared.
        exact: Compare whole version strings, and code hashes where the table has them. Otherwise local
            labels (``+cpu``) are ignored, and for kplug and torch, which every file names, everything
            below the minor version too.
    """
    stored: dict[tuple[str, Build], list[str]] = {}
    named = [(row, supplier) for row in rows for supplier in list_suppliers(row)]
    for row, supplier in named:
        distribution, version = supplier.get("distribution"), supplier.get("version")
        # "custom" marks the user's own code, which no package supplies.
        if distribution == CUSTOM or not version:
            continue
        if _is_distribution(distribution) and isinstance(version, str):
            digest = supplier.get("hash")
            build = Build(version, digest if isinstance(digest, str) else None)
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
        label = f"{distribution} {was}, which supplied {used},"
        if here is not None and here.hash is None:
            return f"{label} cannot be vouched for here: {here.doubt}"
        return f"{label} has other code here under the same version"
    advice = find_replacement(distribution)
    if advice is None and distribution in REGISTRY.state.discovery.by_name:
        advice = _install_line(distribution, version)
    shown = f": {advice}" if advice else ""
    return f"{distribution}, which supplied {used}, was {was}, here {installed}{shown}"


def _ask_plugins(distribution: str, name: str) -> list[Package]:
    """Return the packages that messages may suggest to install: those known to a plugin."""
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
    """Return the command that installs it; only a well-formed version is inserted."""
    try:
        return f'pip install "{distribution}=={Version(version).public}"'
    except InvalidVersion:
        return f"pip install {distribution}"


def _is_distribution(name: object) -> bool:
    return isinstance(name, str) and _DISTRIBUTION.fullmatch(name) is not None


def _printable(text: str) -> str:
    """Return text from a file without characters that could control a terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in text[:200])
