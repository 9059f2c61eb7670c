"""`audit`: lists modules loaded through the registry, with distribution, file and build."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from kplug.registry.component import CUSTOM
from kplug.registry.loading.running_builds import Build, find_build_here, list_targets


@dataclass(frozen=True, slots=True)
class LoadedModule:
    """A module that the registry has loaded something from.

    Args:
        distribution: The distribution that names it; a plugin may name modules of its requirements.
            ``custom`` for registrations of the program's own code.
        version: The version of that distribution at the time of the import.
        hash: The hash of its code at that time, as `kplug env --json` shows it; None if there is none, or if
            the running code may differ.
        module: The module.
        file: The file that it was imported from; None if it has none.
        objects: The objects loaded from it; empty for a module of hooks.
        doubt: Why there is no hash.
    """

    distribution: str
    version: str
    hash: str | None
    module: str
    file: str | None
    objects: tuple[str, ...]
    doubt: str = ""


def audit() -> list[LoadedModule]:
    """Return every module that components or hooks have been loaded from, sorted by distribution and name.

    Imports of these modules are not listed, nor are objects that the program passes. The list survives a
    reload of the registry, since Python keeps the modules.

    Example:
        >>> import kplug
        >>> _ = kplug.resolve("schedule", "cosine_decay(0.1, 100)")
        >>> [each.distribution for each in kplug.audit() if each.module == "kplug.schedules.cosine"]
        ['kplug']
    """
    targets = sorted(list_targets().items())
    builds = {name: _find_build(name) for name in {name for (name, _), _ in targets}}
    return [
        LoadedModule(
            name,
            builds[name].version,
            builds[name].hash,
            module,
            getattr(sys.modules[module], "__file__", None),
            tuple(sorted(filter(None, paths))),
            builds[name].doubt,
        )
        for (name, module), paths in targets
        if module in sys.modules
    ]


def _find_build(distribution: str) -> Build:
    return (None if distribution == CUSTOM else find_build_here(distribution)) or Build()
