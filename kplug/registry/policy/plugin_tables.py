"""Reads the settings tables of plugins, and checks whether a version may load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from kplug.registry.lifecycle import Stage
from kplug.registry.policy.list_entries import Installed
from kplug.registry.policy.reading import read_policy


@dataclass(frozen=True, slots=True)
class SettingsTable:
    """One of the tables that ``[tool.kplug]`` keeps for plugins.

    Args:
        file: Its file; relative paths start at its folder.
        values: Its values, not validated.
    """

    file: Path
    values: Mapping[str, object]


def read_settings_tables(name: str) -> tuple[SettingsTable, ...]:
    """Return the tables of a name from all sources of settings, the outermost first.

    Args:
        name: ``registries``.

    Returns:
        The tables of ``/etc/kplug.toml``, of the file that ``KPLUG_POLICY`` names, and of each
        ``pyproject.toml`` at or above the working directory.

    Raises:
        PolicyError: if any setting is invalid, since no plugin may load then.
    """
    policy = read_policy()
    for error in policy.errors:
        raise error
    return tuple(
        SettingsTable(source.file, source.tables[name])
        for source in policy.sources
        if source.file is not None and name in source.tables
    )


def find_refusal(
    distribution: str, version: str, lifecycle: Stage | None = None, *, is_plugin: bool = True
) -> str | None:
    """Return why a version of a distribution could not load once installed, or None if it could.

    Hashes in settings are ignored, as they apply to installed files.

    Args:
        distribution: The name.
        version: The version.
        lifecycle: Its stage, if it states one.
        is_plugin: Whether it offers something to kplug. A library that plugins require is kept out only
            where a setting disables it, or it was recalled.

    Returns:
        The setting with its place and its value.

    Example:
        >>> find_refusal("kplug-segmentation", "1.0.0rc1") is None
        True
    """
    name = canonicalize_name(distribution)
    installed = Installed(name, version, None, find_stage=lambda: lifecycle)
    found = read_policy().find_refusals(installed)
    reasons = (
        reason
        for setting, reason in found
        if is_plugin or setting is None or setting.key == "disable"
    )
    return next(reasons, None)


def find_lack_of_age(published: str) -> str | None:
    """Return why a release is too young to be chosen for an installation, or None if it is old enough.

    Args:
        published: When it was published, in UTC, as ``2026-01-31T12:00:00Z``.

    Returns:
        The setting with its place and its value, and the age.

    Example:
        >>> find_lack_of_age("2026-01-31T12:00:00Z") is None
        True
    """
    found = read_policy().find_refusals(Installed("", published=published))
    reasons = (reason for setting, reason in found if setting and setting.key == "min-age")
    return next(reasons, None)
