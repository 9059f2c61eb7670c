"""What can go wrong with a registry; all derive from ``kplug.KplugError``."""

from __future__ import annotations

from kplug.errors import KplugError


class RegistryError(KplugError):
    """Base of what concerns registries."""


class SiteFormatError(RegistryError, ValueError):
    """A file of a site that does not have the form which the format gives it."""


class WheelError(RegistryError, ValueError):
    """A wheel that cannot be read, or whose parts contradict one another."""


class PublishingError(RegistryError, ValueError):
    """A change that a site refuses; nothing of it was written."""
