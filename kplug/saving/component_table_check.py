"""Checks that the packages a file names are installed, in those versions or with the same numbers."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kplug.components.arguments import require_choice
from kplug.errors import WeightsError
from kplug.registry import REGISTRY, Verdict
from kplug.registry.candidates.installable_packages import Package
from kplug.registry.component import BUILT_IN, CUSTOM
from kplug.registry.loading.running_builds import Build, find_build_here, find_replacement
from kplug.registry.names.homes import find_home
from kplug.registry.names.install_programs import find_install_program
from kplug.registry.quoting import quote
from kplug.registry.user_warnings import warn
from kplug.saving.numbers import Judge
from kplug.saving.protocols import LayeredModel
from kplug.saving.provenance import collect_rows, list_rows, list_suppliers

Verify = Literal["off", "warn", "numbers", "exact"]

_MOST_LINES = 20  # about one package
_HEADER = "the file was made with other packages:\n  "
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Change:
    """A package that supplied components of a file and is missing here, or another build.

    Args:
        sentence: What differs.
        rows: The file's rows of its components.
        is_missing: Whether it is not installed.
        is_unsaid: Whether the file says of its code only what it computed.
    """

    sentence: str
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    is_missing: bool = False
    is_unsaid: bool = False


def verify_components(
    read: Callable[[], list[dict[str, Any]] | None], verify: Verify, source: Path
) -> list[dict[str, Any]]:
    """Read the table of a file, and refuse packages that a model must not be made with.

    Args:
        read: The function that reads the table; it returns None if there is none.
        verify: The action for differences.
        source: The file.

    Returns:
        The table; empty if there is none that can be read.

    Raises:
        WeightsError: For ``"exact"``, if a package is missing or differs, or if the table is damaged,
            missing or incomplete; for ``"numbers"``, unless packages that differ are the only fault.
    """
    is_closed = verify in ("numbers", "exact")
    try:
        rows = read()
    except WeightsError as error:
        if is_closed:
            raise
        if verify == "warn":
            warn(f"{source}: {error}")
        return []
    if rows is None and is_closed:
        raise WeightsError(
            "the file does not say which packages it was made of: kplug did not write it",
            hint="Load it with verify='warn' and save it with kplug.",
        )
    rows = rows or []
    if verify != "off":
        _warn_of_advisories(rows, source)
    if is_closed:
        changes = find_changes(rows, verify)
        _refuse([one.sentence for one in changes if verify == "exact" or one.is_missing])
        if gaps := list_gaps(rows, has_hashes=verify == "exact"):
            raise _incomplete(gaps)
    return rows


def _warn_of_advisories(rows: Iterable[Mapping[str, Any]], source: Path) -> None:
    """Warn of what the lists on this machine say about plugins of a file, in the versions that are here."""
    policy, here = REGISTRY.state.policy, REGISTRY.state.discovery.by_name
    if not any(each.notices for each in policy.sources):
        return
    named = {str(each.get("distribution")) for row in rows for each in list_suppliers(row)}
    sentences = [
        f"{here[name].origin}: {notice}"
        for name in sorted(named & here.keys())
        for notice in policy.list_advisories(here[name].installed)
    ]
    if text := "\n  ".join(sentences):
        warn(f"{source}: there are advisories about what the model is made of:\n  {text}")


def verify_numbers(
    model: LayeredModel,
    rows: list[dict[str, Any]],
    verify: Verify,
    source: Path,
    *,
    of_layers: bool = False,
) -> None:
    """Compare what a model computes with what its file says, where a package is another build.

    Args:
        model: The model that was made from the file, or is given its weights.
        rows: The table.
        verify: The action for differences.
        source: The file.
        of_layers: Leave out the arguments of ``compile``.

    Raises:
        WeightsError: For ``"numbers"``, if numbers differ or cannot be compared.
    """
    if verify not in ("warn", "numbers"):
        return
    changes = find_changes(rows, verify)
    judge = Judge(list_rows(model, of_layers=of_layers) if changes else ())
    sentences = []
    for change in changes:
        found = [(row, judge.judge(row)) for row in change.rows if judge.find_alike(row)]
        if change.is_unsaid:
            found = [(row, one) for row, one in found if one and one.outcome == "differs"]
        lines = list(dict.fromkeys(_tell(row, one) for row, one in found if _is_told(one, verify)))
        if (more := len(lines) - _MOST_LINES) > 0:
            lines[_MOST_LINES:] = [f"and {more} more of its components"]
        # Before `compile` a model lacks components, and a warning names their package.
        is_open = not found and verify == "warn" and not change.is_unsaid
        if is_open or lines or any(one is None for _, one in found):
            sentences.append("\n    ".join([change.sentence, *lines]))
    if verify == "warn":
        warn_of_others(sentences, source)
    else:
        _refuse(sentences)


def _is_told(verdict: Verdict | None, verify: Verify) -> bool:
    """Return whether a line is about the verdict; a warning says nothing of what nobody compares."""
    return verify == "numbers" if verdict is None else verdict.outcome != "same"


def _tell(row: Mapping[str, Any], verdict: Verdict | None) -> str:
    name = _printable(str(row.get("written") or row.get("name")))
    component = f"{_printable(str(row.get('kind')))} {name}"
    if verdict is None:
        is_built_in = row.get("distribution") in BUILT_IN
        what = "a file has no numbers of what is built in"
        if not is_built_in:
            what = f"no plugin here compares it ({find_home('command', 'numbers')} compares kplug's kinds)"
        return f"{component} cannot be compared: {what}"
    outcome = "computes other numbers" if verdict.outcome == "differs" else verdict.outcome
    return f"{component} {outcome}: {verdict.message}"


@contextlib.contextmanager
def telling_of_changes(rows: list[dict[str, Any]], verify: Verify, source: Path) -> Iterator[None]:
    """Warn of packages that differ if a model cannot be made, as they may be why."""
    try:
        yield
    except Exception:
        if verify in ("warn", "numbers"):
            changes = find_changes(rows, verify)
            warn_of_others([one.sentence for one in changes if not one.is_unsaid], source)
        raise


def warn_of_others(sentences: Iterable[str], source: Path) -> None:
    """Warn that packages differ from those that a file was made with."""
    if text := "\n  ".join(sentences):
        warn(f"{source}: {_HEADER}{text}")


def _refuse(sentences: list[str]) -> None:
    if sentences:
        text = "\n  ".join(sentences)
        raise WeightsError(
            f"{_HEADER}{text}", hint="Load it where those builds run, or pass verify='warn'."
        )


def require_recorded(
    model: LayeredModel, rows: Iterable[Mapping[str, Any]], *, is_exact: bool = True
) -> None:
    """Refuse a loaded model that does not match its file's table.

    Built-in components of layers need no row if their package is recorded: a default slot has no row before
    the model is loaded. The caller is responsible for the user's own code.

    Args:
        model: The model that was made from the file.
        rows: The table.
        is_exact: Whether versions and hashes have to match, and not packages alone.

    Raises:
        WeightsError: A component of the model has no row with its kind, name, package, version and hash.
    """
    facts = ("distribution", "version", "hash", "code") if is_exact else ("distribution",)
    identify_build = functools.partial(_list_facts, facts)
    identify = functools.partial(_list_facts, ("kind", "name", *facts))  # not by slot: see `Judge`
    rows = list(rows)
    names, builds = set(map(identify, rows)), set(map(identify_build, rows))
    sentences = [
        f"no row for {row['slot']}: {row['name']} is of {row['distribution']} {row['version']}"
        + (f", which has no hash here: {row['doubt']}" if "doubt" in row else "")
        for row in collect_rows(model)
        if row["distribution"] != CUSTOM
        and identify(row) not in names
        and not (_is_of_built_in_layers(row) and identify_build(row) in builds)
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


def _list_facts(names: Iterable[str], row: Mapping[str, Any]) -> str:
    return json.dumps([row.get(name) for name in names], sort_keys=True, default=str)


def _incomplete(gaps: list[str]) -> WeightsError:
    return WeightsError(
        "the component table of the file does not say all that would have to be compared:\n  "
        + "\n  ".join(gaps),
        hint="Save the model again where its packages are as they were installed, or pass verify='warn'.",
    )


def list_gaps(rows: Iterable[Mapping[str, Any]], *, has_hashes: bool = True) -> list[str]:
    """Return a sentence for each gap in a table: a missing package, version, or hash if there have to be."""
    found = dict.fromkeys(
        gap
        for row in rows
        if row.get("distribution") != CUSTOM  # no package supplies the user's own code
        for supplier in list_suppliers(row)
        if (gap := _find_gap(row, supplier, has_hashes)) is not None
    )
    return sorted(found)


def _find_gap(row: Mapping[str, Any], supplier: Mapping[str, Any], has_hashes: bool) -> str | None:
    distribution, version = supplier.get("distribution"), supplier.get("version")
    if not _is_distribution(distribution):
        return f"no package that supplied {quote(str(row.get('name')))}"
    if not version or not isinstance(version, str):
        return f"the file does not say which version of {quote(distribution)} it used"
    if not has_hashes or (supplier.get("hash") and isinstance(supplier["hash"], str)):
        return None
    doubt = supplier.get("doubt")
    reason = f": {_printable(doubt)}" if isinstance(doubt, str) else ""
    return f"no hash of the code of {distribution} {_printable(version)}{reason}"


def find_changes(rows: Iterable[Mapping[str, Any]], verify: Verify) -> list[Change]:
    """Return each distribution of the table that is missing, or another build.

    Args:
        rows: The stored table; missing entries are not compared.
        verify: For ``"exact"`` whole version strings are compared, and code hashes where the table has them.
            Otherwise local labels (``+cpu``) are ignored, and for kplug and torch, which every file names,
            hashes and everything below the minor version. A hash that the table lacks is another one for
            ``"numbers"``, and for ``"warn"`` where it has readings.
    """
    stored: dict[tuple[str, Build], list[Mapping[str, Any]]] = {}
    named = [(row, supplier) for row in rows for supplier in list_suppliers(row)]
    for row, supplier in named:
        distribution, version = supplier.get("distribution"), supplier.get("version")
        # "custom" marks the user's own code, which no package supplies.
        if distribution == CUSTOM or not version:
            continue
        if _is_distribution(distribution) and isinstance(version, str):
            digest = supplier.get("hash")
            build = Build(version, digest if isinstance(digest, str) else None)
            stored.setdefault((str(distribution), build), []).append(row)
    compared = (
        _compare(distribution, build, found, verify)
        for (distribution, build), found in sorted(stored.items(), key=lambda item: item[0][0])
    )
    return [change for change in compared if change is not None]


def check_verify(owner: str, verify: str) -> None:
    """Raise ``ArgumentValueError`` unless ``verify`` is one of the four words."""
    require_choice(owner, "verify", verify, get_args(Verify))


def _compare(
    distribution: str, stored: Build, rows: list[Mapping[str, Any]], verify: Verify
) -> Change | None:
    version, here = stored.version, find_build_here(distribution)
    names = list(dict.fromkeys(str(row.get("name")) for row in rows))
    installed = None if here is None else here.version
    used, was = _printable(", ".join(names)), _printable(version)
    if installed is None:
        sentence = (
            f"the file says that {distribution!r} {was} supplied {used}; it is not installed, and no "
            "plugin here knows that package"
        )
        if packages := _ask_plugins(distribution, names[0]):
            sentence = f"{distribution} {was}, which supplied {used}, is not installed: {packages[0].install}"
        return Change(sentence, rows, is_missing=True)
    exact = verify == "exact"
    if _reduce(distribution, installed, exact=exact) == _reduce(distribution, version, exact=exact):
        fault = _compare_code(distribution, stored, here or Build(), verify)
        is_unsaid = fault is not None and stored.hash is None and verify == "warn"
        if fault is None or (is_unsaid and all(row.get("reading") is None for row in rows)):
            return None
        sentence = f"{distribution} {was}, which supplied {used}, {fault}"
        return Change(sentence, rows, is_unsaid=is_unsaid)
    advice = find_replacement(distribution)
    if advice is None and distribution in REGISTRY.state.discovery.by_name:
        advice = _install_line(distribution, version)
    shown = f": {advice}" if advice else ""
    sentence = f"{distribution}, which supplied {used}, was {was}, here {installed}{shown}"
    return Change(sentence, rows)


def _compare_code(distribution: str, stored: Build, here: Build, verify: Verify) -> str | None:
    """Return what is wrong with the code of a distribution in the same version; None if nothing is."""
    if verify != "exact" and distribution in BUILT_IN:
        return None
    if stored.hash is None:
        return None if verify == "exact" else "has no hash of its code in the file"
    if here.hash is None:
        return f"cannot be vouched for here: {here.doubt}"
    return None if stored.hash == here.hash else "has other code here under the same version"


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
        return f'{find_install_program(distribution)} install "{distribution}=={Version(version).public}"'
    except InvalidVersion:
        return f"pip install {distribution}"


def _is_distribution(name: object) -> bool:
    return isinstance(name, str) and _DISTRIBUTION.fullmatch(name) is not None


def _printable(text: str) -> str:
    """Return text from a file without characters that could control a terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in text[:200])
