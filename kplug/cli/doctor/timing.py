"""Times the imports of plugins: modules of hooks, and with `--import` every component."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from kplug.cli.doctor.findings import advise_mending
from kplug.cli.listing import require_usable
from kplug.commands.output import diverting_output, showing_progress
from kplug.errors import KplugError
from kplug.registry import KINDS, REGISTRY
from kplug.registry.finding import Finding


@dataclass(frozen=True, slots=True)
class Timing:
    """The duration of one import.

    Args:
        about: The distribution with its version.
        module: The imported module of hooks, or target.
        seconds: Its duration, including its own first imports of other modules.
        is_target: Whether it is the target of a component.
    """

    about: str
    module: str
    seconds: float
    is_target: bool


def time_modules() -> list[Timing]:
    """Return the durations of modules of hooks, which the registry has imported for their names."""
    return [
        Timing(str(supplier.origin), module, seconds, is_target=False)
        for supplier in REGISTRY.state.discovery.suppliers
        for module, seconds in supplier.seconds.items()
        if not supplier.origin.is_built_in
    ]


def import_targets() -> tuple[list[Timing], list[Finding]]:
    """Import every component of every plugin; return their durations, and those that do not load."""
    timings, broken = [], []
    with diverting_output():  # a module may print to stdout
        importlib.import_module("torch")  # kplug itself needs it, so no plugin is to blame
        importlib.import_module("kplug.layers")
        found = [item for kind in KINDS.values() for item in REGISTRY.index(kind).components]
        of_plugins = [item for item in found if not item.origin.is_built_in]
        for component in showing_progress(of_plugins, lambda one: one.qualified_name):
            about, started = str(component.origin), time.perf_counter()
            try:
                require_usable(component)
            except KplugError as error:
                message, command = error.message, advise_mending(component.origin)
                broken.append(Finding("broken", about, message, command))
            seconds = time.perf_counter() - started
            timings.append(Timing(about, component.location, seconds, is_target=True))
    return timings, broken


def find_slow(timings: list[Timing], budget: float) -> Iterator[Finding]:
    """Yield imports that took longer than the budget in seconds."""
    for timing in timings:
        if timing.seconds > budget:
            what = "target" if timing.is_target else "module of hooks"
            message = f"the {what} {timing.module!r} takes {timing.seconds:.2f} s to import"
            module = timing.module.partition(":")[0]
            command = f"python -X importtime -c 'import {module}'"
            yield Finding("slow", timing.about, message, command, is_broken=False)
