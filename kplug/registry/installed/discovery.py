"""Turns entry points into suppliers, one for each distribution; imports no component.

Built-in components use the same hooks, from modules that only this module names.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import importlib_metadata

from kplug import __version__
from kplug.registry import user_warnings
from kplug.registry.component import BUILT_IN, CUSTOM, Origin
from kplug.registry.errors import PolicyError
from kplug.registry.installed.entry_point_groups import HOOK_GROUP, is_meant
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.loading.importer import Importer, strip_extras
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.metadata import EntryLine, find_folder, read_entry_points, read_origin
from kplug.registry.policy import Installed, Policy
from kplug.registry.problems import Problem, describe_error
from kplug.registry.suggestions import did_you_mean

_BUILT_IN_MODULES = {"kplug": "kplug.builtins.hooks", "torch": "kplug.builtins.torch"}


@dataclass
class Discovery:
    """The installed distributions.

    Args:
        by_name: Each distribution that may load, by its name.
        refused: Distributions that policy keeps out, each with the deciding setting; never imported.
        problems: Problems of whole distributions.
        importer: Imports their targets.
        recalled_libraries: Distributions that offer nothing themselves, in a version that was recalled.
    """

    by_name: dict[str, Supplier] = field(default_factory=dict)
    refused: dict[str, tuple[Supplier, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    importer: Importer = field(default_factory=Importer)
    recalled_libraries: list[Installed] = field(default_factory=list)

    @functools.cached_property
    def suppliers(self) -> list[Supplier]:
        """The distributions that may load, sorted by name."""
        return [supplier for _, supplier in sorted(self.by_name.items())]

    @functools.cached_property
    def refused_names(self) -> dict[tuple[str, str], str]:
        """The refused distribution that offers a name, by group and lookup key."""
        return {
            (group, lookup_key(name)): distribution
            for distribution, (supplier, _) in sorted(self.refused.items(), reverse=True)
            for group, name in supplier.declared_names
        }


def discover(policy: Policy) -> Discovery:
    """Read the entry points of all distributions, and keep those that policy allows."""
    found = Discovery(importer=Importer(policy))
    for name, module in _BUILT_IN_MODULES.items():
        found.by_name[name] = Supplier(_built_in_origin(name), modules=(module,))
    installed = _read_entry_points(found.problems, found.importer)
    found.recalled_libraries += _find_recalled_libraries(policy, installed)
    for name, supplier in sorted(installed.items()):
        if name in (*BUILT_IN, CUSTOM):
            found.problems.append(_reserved(supplier.origin))
        elif reason := policy.find_refusal(supplier.installed) or _find_recalled_requirement(
            name, policy, found
        ):
            found.refused[name] = (supplier, reason)
            found.importer.disable(name, reason)
        else:
            found.by_name[name] = supplier
    for name, setting in policy.disabled.items():  # including distributions that offer nothing
        found.importer.disable(name, f"{setting} names it")
    found.problems += map(_misunderstood, policy.errors)
    found.problems += _misspelt_settings(
        policy, sorted(installed)
    )  # not in the order of the file system
    strange = [name for source in policy.sources for name in source.strange_variables]
    if strange and found.refused and user_warnings.command_line is None:  # commands show problems
        kept_out = ", ".join(sorted(found.refused))
        user_warnings.warn(
            f"no plugin loads: the environment variable {strange[0]} is no setting of kplug. If it is "
            f"another program's, set KPLUG_OTHER_VARIABLES={strange[0]}. Kept out: {kept_out}"
        )
    return found


def _find_recalled_libraries(policy: Policy, plugins: Collection[str]) -> Iterator[Installed]:
    for name in sorted(policy.recalled.difference(plugins, BUILT_IN)):
        for distribution in importlib_metadata.distributions(name=name):
            library = Installed(name, distribution.version)
            if policy.list_recalls(library):
                yield library
            break  # the first on ``sys.path`` is imported


def _find_recalled_requirement(name: str, policy: Policy, found: Discovery) -> str | None:
    """Return which recalled library a plugin requires, also by way of others; None if it requires none."""
    recalled = {each.distribution: each for each in found.recalled_libraries}
    waiting, seen = [name] if recalled else [], {name}
    while waiting:
        for required in found.importer.list_required(waiting.pop()):
            if (library := recalled.get(required)) is not None:
                recall = policy.list_recalls(library)[0]
                return f"it requires {required} {library.version}, which was recalled on {recall}"
            if required not in seen:
                seen.add(required)
                waiting.append(required)
    return None


def search_path_fingerprint() -> tuple[tuple[str, int], ...]:
    """Return each search folder with its modification time, which an installation changes."""
    found = []
    for folder in sys.path:
        try:
            # pathlib would take most of the time of a failed look-up.
            found.append((folder, os.stat(folder or ".").st_mtime_ns))  # noqa: PTH116
        except (OSError, ValueError):  # sys.path may have entries that are no folders
            continue
    return tuple(found)


def _read_entry_points(problems: list[Problem], importer: Importer) -> dict[str, Supplier]:
    suppliers: dict[str, Supplier] = {}
    for distribution in _find_distributions():
        try:
            found = read_entry_points(distribution)
            if entries := [entry for entry in found if is_meant(entry.group)]:
                origin = read_origin(distribution)
                supplier = _make_supplier(origin, entries, importer, distribution)
                suppliers.setdefault(origin.distribution, supplier)
        except Exception as error:  # noqa: BLE001 - metadata fails in as many ways as there are readers
            problems.append(_unreadable(_find_origin(distribution), error))
    return suppliers


def _find_distributions() -> Iterator[Any]:
    """Yield every distribution once: of several with one name the first on ``sys.path``, which is imported.

    Unlike `importlib_metadata.entry_points`, one broken distribution does not cost all others theirs.
    """
    seen = set()
    for distribution in importlib_metadata.distributions():
        try:
            name = cast("Any", distribution)._normalized_name  # cheap: from the folder's name
        except Exception:  # noqa: BLE001 - then the metadata are read
            name = find_folder(distribution)
        if name not in seen:
            seen.add(name)
            yield distribution


def _find_origin(distribution: Any) -> Origin:
    """Return the origin of a distribution, named after its folder if its name cannot be read."""
    try:
        return read_origin(distribution)
    except Exception:  # noqa: BLE001 - a problem only if it has entry points for kplug
        return Origin(find_folder(distribution))


def _make_supplier(
    origin: Origin, entries: list[EntryLine], importer: Importer, distribution: Any
) -> Supplier:
    static: dict[str, list[tuple[str, str]]] = {}
    modules = []
    for entry in entries:
        if entry.group == HOOK_GROUP:
            modules.append(strip_extras(entry.value))
        else:
            static.setdefault(entry.group, []).append((entry.name, entry.value))
    importer.add(origin.distribution, distribution)
    return Supplier(origin, static, modules, importer, distribution)


def _built_in_origin(name: str) -> Origin:
    if name == HOOK_GROUP:
        return Origin(name, __version__)
    try:
        return Origin(name, read_origin(importlib_metadata.distribution(name)).version)
    except Exception:  # noqa: BLE001 - a build of torch without metadata, or with broken ones
        return Origin(name)


def _unreadable(origin: Origin, error: Exception) -> Problem:
    message = (
        f"its metadata cannot be read, so its components are not known: {describe_error(error)}. "
        "Install it again"
    )
    return Problem(origin, message, error)


def _reserved(origin: Origin) -> Problem:
    message = (
        f"its name, {origin.distribution!r}, is reserved, so its components are not read. "
        "Publish them under another distribution name"
    )
    return Problem(origin, message)


def _misunderstood(error: PolicyError) -> Problem:
    return Problem(
        _built_in_origin(HOOK_GROUP),
        f"no plugin may load: {error.message}. {error.hint}",
        error,
        topic="setting",
    )


def _misspelt_settings(policy: Policy, installed: list[str]) -> list[Problem]:
    problems = []
    for name, setting in policy.named.items():
        if name in installed or name in BUILT_IN:
            continue
        question = did_you_mean(name, installed)
        advice = f". {question}" if question else ""
        problems.append(
            Problem(
                Origin(name),
                f"{setting} names it, but it is not installed{advice}",
                topic="setting",
            )
        )
    return problems
