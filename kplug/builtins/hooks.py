"""kplug's own hooks. Each imports only the table of its kind, when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from kplug.hookspecs import hookimpl
from kplug.registry.candidates.installable_packages import Package
from kplug.registry.component import Component
from kplug.registry.env_section import Section
from kplug.registry.kinds import BUILT_IN_KINDS, HOOKED, Kind
from kplug.registry.metadata import is_installed
from kplug.registry.names.homes import find_home


def _make_hook(kind: Kind) -> Callable[[], dict[str, Component]]:
    @hookimpl
    def hook() -> dict[str, Component]:
        table: dict[str, Component] = importlib.import_module(
            f"kplug.builtins.{kind.plural}"
        ).COMPONENTS
        return table

    return hook


globals().update({kind.hook: _make_hook(kind) for kind in HOOKED.values()})


@hookimpl
def kplug_kinds() -> list[Kind]:
    """Add the ten kinds."""
    return list(BUILT_IN_KINDS.values())


@hookimpl
def kplug_offers(kind: str, name: str) -> list[Package]:
    """Return the distribution of a command or layer that is not installed."""
    owner = find_home(kind, name)
    return [] if owner is None or is_installed(owner) else [Package(owner)]


@hookimpl
def kplug_environment() -> list[Section]:
    """Return what training on this machine has."""
    section: Section = importlib.import_module("kplug.training.machine").describe_machine()
    return [section]
