"""Reserves names of a site, and allows some that are held."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import canonicalize_name

from kplug_registry.building import SiteView
from kplug_registry.building.held_names import (
    ALLOWED,
    LIBRARIES,
    REQUIRED,
    RESERVED,
    change_names,
    list_names as list_listed,
)
from kplug_registry.errors import PublishingError
from kplug_registry.publishing.transactions import changing
from kplug_registry.site_format import is_distribution_name
from kplug_registry.storage import SiteStorage


def reserve_names(site: SiteStorage, names: Iterable[str], *, is_undone: bool = False) -> None:
    """Reserve names, which nobody takes before they are allowed, or reserve them no longer.

    Raises:
        PublishingError: if one is no name of a distribution, or there is no site.
    """
    _change(site, RESERVED, names, is_undone=is_undone)


def allow_names(site: SiteStorage, names: Iterable[str], *, is_undone: bool = False) -> None:
    """Allow names that would be held, or take that back.

    Raises:
        PublishingError: if one is no name of a distribution, or there is no site.
    """
    _change(site, ALLOWED, names, is_undone=is_undone)


def allow_libraries(site: SiteStorage, names: Iterable[str], *, is_undone: bool = False) -> None:
    """Allow distributions without components, which plugins require, or take that back.

    Raises:
        PublishingError: if one is no name of a distribution, or there is no site.
    """
    _change(site, LIBRARIES, names, is_undone=is_undone)


def list_names(site: SiteStorage) -> dict[str, tuple[str, ...]]:
    """Return the names of a site that are ``allowed``, ``library``, ``reserved`` and ``required``."""
    view = SiteView(site)
    lists = {"allowed": ALLOWED, "library": LIBRARIES, "reserved": RESERVED, "required": REQUIRED}
    return {what: list_listed(view, path) for what, path in lists.items()}


def _change(site: SiteStorage, path: str, names: Iterable[str], *, is_undone: bool) -> None:
    given = {str(canonicalize_name(name)): name for name in names}
    wrong = next((given[name] for name in given if not is_distribution_name(name)), None)
    if wrong is not None:
        raise PublishingError(
            f"{wrong[:80]!r} is no name of a distribution", hint="Give one, such as kplug-waves."
        )
    with changing(site) as view:
        change_names(view, path, () if is_undone else given, given if is_undone else ())
