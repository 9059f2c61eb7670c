"""`Registries`: the sites in their order, and the owner of each distribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import platformdirs
from packaging.utils import canonicalize_name

from kplug import keep_recalls
from kplug.errors import PolicyError
from kplug_registry.client.settings import RegistrySetting
from kplug_registry.errors import RegistrySettingError, SiteFormatError, TrustError
from kplug_registry.site_format import (
    FORMAT,
    DistributionFile,
    SiteFile,
    distribution_path,
    from_json,
)
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.hashed_files import fetch_hashed
from kplug_registry.trust.unsigned_site import UnsignedSite
from kplug_registry.trust.verified_site import VerifiedSite

Noun = TypeVar("Noun")


class ConfiguredRegistry:
    """A registry with its site.

    Args:
        setting: Its setting.
        fetcher: Fetches files.
    """

    def __init__(self, setting: RegistrySetting, fetcher: SiteFetcher | None = None) -> None:
        self.name, self.is_online = setting.name, setting.is_online
        folder, self._fetcher = _find_folder(setting), fetcher or SiteFetcher()
        self.site: VerifiedSite | UnsignedSite = (
            UnsignedSite(setting.address, folder, self._fetcher)
            if setting.root is None
            else VerifiedSite(
                setting.address,
                folder,
                setting.root,
                self._fetcher,
                partial(_keep_recalls, folder.name),
            )
        )

    def __str__(self) -> str:
        trust = "signed" if self.site.is_signed else "UNSIGNED"
        return f"{self.name} ({self.site.address}, {trust})"

    def fetch(self, noun: type[Noun], path: str) -> Noun | None:
        """Return the noun in a file of the site, or None if there is none.

        Raises:
            TrustError: if the site is not what was signed.
            UnreachableSiteError: if it does not answer.
            SiteFormatError: if the file has another form.
        """
        return self._read(noun, path, self.site.fetch(path))

    def fetch_hashed(self, path: str, digest: str, most_bytes: int) -> bytes:
        """Return a file of the site that has a hash, as `kplug_registry.trust.hashed_files` does."""
        return fetch_hashed(self._fetcher, self.site.address, path, digest, most_bytes)

    def get_signed_site(self) -> VerifiedSite:
        """Return the site, of which signed files say which files it has.

        Raises:
            RegistrySettingError: if it is not signed.
        """
        if not isinstance(self.site, VerifiedSite):
            raise RegistrySettingError(
                f"the registry {self.name!r} is not signed, so nothing says which files it has",
                hint="Copy its folder.",
            )
        return self.site

    def check(self) -> None:
        """Check that the site is a registry in a supported format.

        Raises:
            RegistrySettingError: if it is not a registry.
            SiteFormatError: if its format is unsupported.
            UnreachableSiteError: if it does not answer.
        """
        check_format(self.name, self.site.address, self._find_format())

    def _find_format(self) -> object:
        """Return the format from the signed metadata, or from registry.json of an unsigned site."""
        if isinstance(self.site, VerifiedSite):
            return self.site.find_format()
        file = self.fetch(SiteFile, "registry.json")
        return file and file.format

    def read_copy(self, noun: type[Noun], path: str) -> Noun | None:
        """Return a file from the local copy, without any request; None if it is missing or damaged."""
        try:
            return self._read(noun, path, self.site.copy.read(path))
        except SiteFormatError:
            return None

    def _read(self, noun: type[Noun], path: str, data: bytes | None) -> Noun | None:
        return (
            None if data is None else from_json(noun, data, f"{path} of the registry {self.name!r}")
        )


def check_format(name: str, address: str, found: object) -> None:
    """Check the format that a site says.

    Args:
        name: The name of the registry.
        address: The URL of its site.
        found: The format; None if nothing says it.

    Raises:
        RegistrySettingError: if the site is not a registry.
        SiteFormatError: if its format is unsupported.
    """
    if found is None:
        raise RegistrySettingError(
            f"the registry {name!r} leads to none: nothing at {address} says its format",
            hint="Correct the address.",
        )
    if found != FORMAT:
        raise SiteFormatError(
            f"the registry {name!r} has format {found}, and format {FORMAT} is read here",
            hint="Upgrade kplug-registry.",
        )


@dataclass(frozen=True)
class OwnedDistribution:
    """A distribution, and the registry that owns it.

    Args:
        registry: The first registry that has it.
        file: The file of that registry; others are not merged in.
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

        A registry that does not answer stops the search, as a later one could claim its distributions.

        Raises:
            TrustError: if a registry is not what was signed.
            UnreachableSiteError: if one does not answer.
        """
        name, path = canonicalize_name(distribution), distribution_path(distribution)
        files = ((each, each.fetch(DistributionFile, path)) for each in self.items)
        found = [(each, file) for each, file in files if file is not None]
        if not found:
            return None
        (registry, file), *others = found
        if file.name != name:
            raise SiteFormatError(f"{path} of the registry {registry.name!r} is about another one")
        return OwnedDistribution(registry, file, tuple(other.name for other, _ in others))


def _keep_recalls(name: str, data: bytes) -> None:
    try:
        keep_recalls(name, data)
    except PolicyError as error:
        raise TrustError(error.message, hint=error.hint) from error


def _find_folder(setting: RegistrySetting) -> Path:
    """Return the folder of the local copy, which depends on address and root."""
    root = setting.root or "unsigned"
    trusted = root if isinstance(root, bytes) else root.encode()
    digest = sha256(setting.address.encode() + b"\0" + trusted).hexdigest()
    return platformdirs.user_data_path("kplug") / "registries" / f"{setting.name}-{digest[:16]}"
