"""Facts about a distribution that offers something to kplug, for ``kplug show PACKAGE``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packaging.utils import canonicalize_name

from kplug.cli import lifecycles
from kplug.registry import KINDS, REGISTRY
from kplug.registry.installed.entry_point_groups import MODULE_GROUP
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.kinds import COMMAND
from kplug.registry.metadata import read_header, read_licence


def find_package(name: str) -> Supplier | None:
    """Return the distribution of a name that offers something to kplug, also if settings keep it out."""
    discovery, normalised = REGISTRY.state.discovery, canonicalize_name(name)
    if normalised in discovery.refused:
        return discovery.refused[normalised][0]
    return discovery.by_name.get(normalised)


def describe_package(package: Supplier) -> dict[str, Any]:
    """Return the facts about a distribution, for JSON; of its code, modules of hooks alone are imported."""
    origin = package.origin
    name = origin.distribution
    counts = {
        kind.plural: sum(one.origin.distribution == name for one in REGISTRY.components(kind))
        for kind in (*KINDS.values(), COMMAND)
    }
    refused = REGISTRY.state.discovery.refused
    facts = {"distribution": canonicalize_name(name), "version": origin.version}
    provenance, _ = REGISTRY.ask_all(str, "kplug_provenance", **facts)
    return {
        "distribution": name,
        "version": origin.version,
        "summary": read_header(name, "Summary"),
        "licence": read_licence(name),
        **lifecycles.as_data(package.lifecycle),
        "homepage": read_header(name, "Project-URL").partition(", ")[2],
        "editable": origin.is_editable,
        "commit": origin.commit,
        "provenance": provenance,
        "offers": {plural: count for plural, count in counts.items() if count},
        "adds_kinds": [kind.plural for kind in KINDS.values() if kind.origin.distribution == name],
        "lends_modules": [f"kplug.{module}" for module, _ in package.entries.get(MODULE_GROUP, ())],
        "off": refused[name][1] if name in refused else None,
        "problems": [
            problem.message
            for problem in REGISTRY.problems()
            if problem.origin.distribution == name
        ],
    }


def write_package(facts: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that present the result of `describe_package`."""
    name = facts["distribution"]
    source = (" (editable)" if facts["editable"] else "") + (
        f" at {facts['commit']}" if facts["commit"] else ""
    )
    yield f"{name} {facts['version']}".rstrip() + source
    offers = ", ".join(f"{count} {plural}" for plural, count in facts["offers"].items())
    rows = {
        "summary": facts["summary"],
        "offers": offers and f"{offers}: kplug list {name}",
        "adds kinds": ", ".join(facts["adds_kinds"]),
        "modules": ", ".join(facts["lends_modules"]),
        "licence": facts["licence"],
        "lifecycle": lifecycles.write(facts),
        "homepage": facts["homepage"],
        "off": facts["off"],
    }
    yield from (f"  {label:<10} {text}" for label, text in rows.items() if text)
    yield from (f"  {'provenance':<10} {line}" for line in facts["provenance"])
    yield from (f"  {'problem':<10} {message}" for message in facts["problems"])
