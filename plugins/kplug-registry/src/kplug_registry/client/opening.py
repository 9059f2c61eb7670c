"""The registries of the settings, ready to be asked."""

from __future__ import annotations

from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.client.settings import TABLE, read_registries
from kplug_registry.errors import RegistrySettingError


def open_registries() -> Registries:
    """Return the registries that the settings name.

    Raises:
        RegistrySettingError: if one cannot be understood.
    """
    return Registries(ConfiguredRegistry(setting) for setting in read_registries())


def require_registries() -> Registries:
    """Return them for a command, which needs at least one.

    Raises:
        RegistrySettingError: if there is none, or one cannot be understood.
    """
    registries = open_registries()
    if not registries.items:
        raise RegistrySettingError(
            "no registry is configured",
            hint=f'Write [tool.kplug.{TABLE}.NAME] with url = "https://…" and root = "sha256:…" in '
            "pyproject.toml.",
        )
    return registries
