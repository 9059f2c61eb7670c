"""The section of `kplug env` about registries."""

from __future__ import annotations

from collections.abc import Iterable

from kplug import Section
from kplug_registry.client.registries import ConfiguredRegistry
from kplug_registry.client.settings import RegistrySetting
from kplug_registry.trust.roots import get_fingerprint


def describe_registries(settings: Iterable[RegistrySetting]) -> Section:
    """Return the registries in the order in which they are asked, without asking any."""
    return Section("Registries", {setting.name: _describe(setting) for setting in settings})


def _describe(setting: RegistrySetting) -> dict[str, str]:
    if setting.root is None:
        trust = {"trusted root": "none: it is believed without signatures"}
    else:
        root = setting.root if isinstance(setting.root, str) else get_fingerprint(setting.root)
        seen = ConfiguredRegistry(setting).site.last_verified
        trust = {"trusted root": root, "last verified": seen or "never"}
    asked = "also for unknown names" if setting.is_online else "by commands of registries alone"
    return {
        "address": setting.address,
        **trust,
        "asked": asked,
        "set in": str(setting.file),
    }
