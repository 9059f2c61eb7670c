"""Reads components that a plugin declares in code, from ``kplug list --json``."""

from __future__ import annotations

from dataclasses import dataclass

from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import ComponentEntry, from_json


@dataclass(frozen=True, slots=True)
class DeclaredComponent:
    """A component of an installed distribution."""

    kind: str
    name: str
    aliases: tuple[str, ...]
    distribution: str
    version: str
    target: str
    summary: str
    lifecycle: str | None
    successor: str | None
    is_qualified_only: bool

    @property
    def entry(self) -> ComponentEntry:
        """The component without its distribution."""
        return ComponentEntry(
            self.kind,
            self.name,
            self.target,
            self.aliases,
            summary=self.summary,
            lifecycle=self.lifecycle,
            successor=self.successor,
            is_qualified_only=self.is_qualified_only,
        )


@dataclass(frozen=True, slots=True)
class _Listing:
    schema: int
    components: tuple[DeclaredComponent, ...]


def read_declared(text: str | bytes, where: str) -> tuple[DeclaredComponent, ...]:
    """Return the components in the output of ``kplug list --json``.

    Args:
        text: The output.
        where: The file, for messages.

    Raises:
        SiteFormatError: for invalid output.
    """
    try:
        return from_json(_Listing, text, where).components
    except SiteFormatError as error:
        error.hint = error.hint or "Write it with: kplug list --json"
        raise
