"""Errors of registries; all derive from ``kplug.KplugError``."""

from __future__ import annotations

from kplug.errors import KplugError


class RegistryError(KplugError):
    """Base of all errors of registries."""


class SiteFormatError(RegistryError, ValueError):
    """A file of a site that does not conform to the format."""


class WheelError(RegistryError, ValueError):
    """A wheel that cannot be read, or whose parts contradict one another."""


class PublishingError(RegistryError, ValueError):
    """A change that a site refuses; nothing of it was written."""


class ExistingReleaseError(PublishingError):
    """A version that a site has already; versions are never replaced."""


class NotPermittedError(PublishingError):
    """A change that the publisher may not make: an owner or whoever runs the registry decides."""


class BusySiteError(PublishingError):
    """Another publisher is writing to the site; retrying the change may succeed."""


class TrustError(RegistryError, ValueError):
    """A site whose signatures by its root's keys are invalid, or keys that cannot sign it."""


class UnreachableSiteError(RegistryError, OSError):
    """A site that does not answer, or not in time."""


class SiteCopyError(RegistryError, OSError):
    """A folder on this machine that cannot keep what was read of a site."""


class RegistrySettingError(RegistryError, ValueError):
    """A setting of a registry that cannot be understood."""


class InstallationError(RegistryError, RuntimeError):
    """A distribution that no registry has, that several claim, or that was not installed."""


class ServingError(RegistryError, ValueError):
    """A server that cannot start, or a token that it does not have."""
