"""Hooks of this distribution: names only, so that other commands do not wait for it."""

from __future__ import annotations

from collections.abc import Sequence

from kplug import Component, Finding, hookimpl


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the commands."""
    return {
        name: Component(name, f"kplug_authoring.commands.{module}:{name}", summary=summary)
        for name, (module, summary) in _COMMANDS.items()
    }


@hookimpl
def kplug_findings() -> Sequence[Finding]:
    """Return the finding about outdated stubs."""
    from kplug_authoring.commands.stubs.finding import (
        find_outdated_names,  # for `kplug doctor` alone
    )

    return list(find_outdated_names())


_COMMANDS = {
    "new": (
        "new.command",
        "Write a plugin's distribution into a new folder: components, tests, README, changelog, CI, "
        "licence.",
    ),
    "add": (
        "new.add",
        "Add a component to the plugin around the working directory: an example, its tests, its entry "
        "point.",
    ),
    "check": (
        "check.command",
        "Run the contract suite on what a plugin offers, and look at its declarations.",
    ),
    "schema": (
        "schema",
        "Write the JSON Schema of the installed components, from which editors complete YAML and JSON "
        "files.",
    ),
    "stubs": (
        "stubs.command",
        "Tell type checkers and editors the names of the installed components, and their arguments.",
    ),
}
