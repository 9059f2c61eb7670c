"""`Registries`: the sites in their order, and to which of them a distribution belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import platformdirs

from kplug_registry.client.settings import RegistrySetting
from kplug_registry.errors import UnreachableSiteError
from kplug_registry.site_format import DistributionFile, distribution_path, from_json
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.unsigned_site import UnsignedSite
from kplug_registry.trust.verified_site import VerifiedSite

Noun = TypeVar("Noun")


class ConfiguredRegistry:
    """A registry with its site.

    Args:
        setting: What the settings say of it.
        fetcher: What fetches files.
    """

    def __init__(self, setting: RegistrySetting, fetcher: SiteFetcher | None = None) -> None:
        self.name, self.is_online = setting.name, setting.is_online
        folder = _find_folder(setting)
        self.site: VerifiedSite | UnsignedSite = (
            UnsignedSite(setting.address, folder, fetcher)
            if setting.root is None
            else VerifiedSite(setting.address, folder, setting.root, fetcher)
        )

    def __str__(self) -> str:
        trust = "signed" if self.site.is_signed else "UNSIGNED"
        return f"{self.name} ({self.site.address}, {trust})"

    def fetch(self, noun: type[Noun], path: str) -> Noun | None:
        """Return a file of the site as what it holds, or None if there is none.

        Raises:
            TrustError: if the site is not what was signed.
            UnreachableSiteError: if it does not answer.
            SiteFormatError: if the file has another form.
        """
        return self._read(noun, path, self.site.fetch(path))

    def read_copy(self, noun: type[Noun], path: str) -> Noun | None:
        """Return what this machine has seen of a file, without any request, or None."""
        return self._read(noun, path, self.site.copy.read(path))

    def _read(self, noun: type[Noun], path: str, data: bytes | None) -> Noun | None:
        return (
            None if data is None else from_json(noun, data, f"{path} of the registry {self.name!r}")
        )


@dataclass(frozen=True)
class OwnedDistribution:
    """A distribution, and the registry that it belongs to.

    Args:
        registry: The first one that has it.
        file: What that one says of it; nothing of others is merged in.
        refused: Later registries that claim it too.
    """

    registry: ConfiguredRegistry
    file: DistributionFile
    refused: tuple[str, ...] = ()


class Registries:
    """All registries that are configured, in order.

    Args:
        items: The registries.
    """

    def __init__(self, items: Iterable[ConfiguredRegistry]) -> None:
        self.items = tuple(items)

    def __iter__(self) -> Iterator[ConfiguredRegistry]:
        return iter(self.items)

    def find_owner(self, distribution: str) -> OwnedDistribution | None:
        """Return a distribution of the first registry that has it, or None.

        A registry that does not answer stops the search: the next one could claim what it has.

        Raises:
            TrustError: if a registry is not what was signed.
            UnreachableSiteError: if one does not answer.
        """
        path = distribution_path(distribution)
        found = [
            (each, file) for each in self.items if (file := each.fetch(DistributionFile, path))
        ]
        if not found:
            return None
        (registry, file), *others = found
        return OwnedDistribution(registry, file, tuple(other.name for other, _ in others))

    def find_owner_name(self, distribution: str) -> str | None:
        """Return the registry that a distribution belongs to, as far as this machine has seen; or None."""
        path = distribution_path(distribution)
        owners = (each.name for each in self.items if each.site.copy.read(path) is not None)
        return next(owners, None)

    def refresh(self) -> list[UnreachableSiteError]:
        """Learn the newest state of each, and return what is wrong with those that do not answer.

        Raises:
            TrustError: if one is not what was signed.
        """
        failures = []
        for each in self.items:
            try:
                each.site.refresh()
            except UnreachableSiteError as error:
                failures.append(error)
        return failures


def _find_folder(setting: RegistrySetting) -> Path:
    """Return where a copy is kept: another place for another address or another root."""
    root = setting.root or "unsigned"
    trusted = root if isinstance(root, bytes) else root.encode()
    digest = sha256(setting.address.encode() + b"\0" + trusted).hexdigest()
    return platformdirs.user_data_path("kplug") / "registries" / f"{setting.name}-{digest[:16]}"
