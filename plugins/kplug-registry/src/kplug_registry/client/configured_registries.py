"""Opens the registries that the settings name."""

from __future__ import annotations

from contextlib import suppress

from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.client.settings import read_registries
from kplug_registry.errors import RegistrySettingError, UnreachableSiteError


def open_registries() -> Registries:
    """Return the registries that the settings name.

    Raises:
        RegistrySettingError: if one cannot be understood.
    """
    return Registries(ConfiguredRegistry(setting) for setting in read_registries())


def require_registries(*, is_offline: bool = False) -> Registries:
    """Return the registries for a command, which needs at least one; checks those that answer.

    Args:
        is_offline: Whether to make no requests.

    Raises:
        RegistrySettingError: if there is none, or one cannot be understood.
        SiteFormatError: if one has an unsupported format.
        TrustError: if the signatures of one are invalid.
    """
    registries = open_registries()
    if not registries.items:
        raise RegistrySettingError(
            "no registry is configured",
            hint="`kplug registry add NAME URL` adds one.",
        )
    for registry in () if is_offline else registries:
        with suppress(UnreachableSiteError):  # the command reports it where it matters
            registry.check()
    return registries
