"""Finds the program that installs another version of a plugin."""

from __future__ import annotations

from kplug.registry.kinds import COMMAND
from kplug.registry.registry import REGISTRY


def find_install_program(distribution: str) -> str:
    """Return ``kplug`` if a plugin knows where the installed version is from and has the command; or ``pip``.

    pip asks another index, which may have other code under a name that a registry owns.
    """
    version = REGISTRY.state.discovery.by_name[distribution].origin.version
    known, _ = REGISTRY.ask_all(str, "kplug_provenance", distribution=distribution, version=version)
    return "kplug" if known and REGISTRY.index(COMMAND).candidates("install") else "pip"
