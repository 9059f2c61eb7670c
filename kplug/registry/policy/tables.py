"""Tables of settings that plugins read: kplug keeps them with the file that they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kplug.registry.policy.reading import read_policy


@dataclass(frozen=True, slots=True)
class SettingsTable:
    """One of the tables that ``[tool.kplug]`` keeps for plugins.

    Args:
        file: The file it stands in; relative paths mean its folder.
        values: What it says, unchecked.
    """

    file: Path
    values: Mapping[str, object]


def read_settings_tables(name: str) -> tuple[SettingsTable, ...]:
    """Return the tables of a name from every place where settings stand, the outermost first.

    Args:
        name: ``registries``.

    Returns:
        Those of ``/etc/kplug.toml``, of the file that ``KPLUG_POLICY`` names, and of each ``pyproject.toml``
        at or above the working directory.

    Raises:
        PolicyError: if any setting cannot be understood, as no plugin may load then.
    """
    policy = read_policy()
    for error in policy.errors:
        raise error
    return tuple(
        SettingsTable(source.file, source.tables[name])
        for source in policy.sources
        if source.file is not None and name in source.tables
    )
