"""``index.html`` and ``catalogue/``: pages for people, with a script for search and copying."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from kplug import lookup_key
from kplug_registry.building.site_view import SiteView
from kplug_registry.site_format import (
    ComponentFile,
    DistributionFile,
    Offer,
    RecentRelease,
    Release,
    find_current,
)

_ASSETS = ("catalogue.css", "catalogue.js", "icon.svg")
_FOLDER = "catalogue"


def write_start_page(view: SiteView, recent: Sequence[RecentRelease]) -> None:
    """Write the page with the search and what is new, and the files that all pages use."""
    _render(view, "index.html", "index.html", root="", recent=recent)
    for name, content in _read_assets().items():
        view.write(f"{_FOLDER}/assets/{name}", content)


def write_component_page(view: SiteView, component: ComponentFile) -> None:
    """Write the page of a name: for each distribution, the version that is installed by default."""
    shown = _choose(component.offers)
    name = shown[0].name if shown else component.key
    path = f"{_FOLDER}/components/{component.kind}/{component.key}.html"
    _render(
        view, "component.html", path, root="../../../", kind=component.kind, name=name, offers=shown
    )


def write_distribution_pages(
    view: SiteView, before: DistributionFile, after: DistributionFile
) -> None:
    """Write the page of a distribution, and those of its versions that changed."""
    folder = f"{_FOLDER}/distributions/{after.name}"
    for release in set(after.releases) - set(before.releases):
        _write_release(view, f"{folder}/{release.version}.html", after.name, release)
    current = find_current(after) or after.releases[0]
    versions = [release.version for release in after.releases]
    _write_release(view, f"{folder}/index.html", after.name, current, versions)


def _write_release(
    view: SiteView, path: str, name: str, release: Release, versions: Sequence[str] = ()
) -> None:
    keys = {entry.name: lookup_key(entry.name) for entry in release.components}
    facts = {"name": name, "release": release, "versions": versions, "keys": keys}
    _render(view, "distribution.html", path, root="../../../", **facts)


def _choose(offers: Sequence[Offer]) -> list[Offer]:
    """Return of each distribution the newest offer that is not yanked, or the newest."""
    chosen: dict[str, Offer] = {}
    for offer in offers:
        known = chosen.setdefault(offer.distribution, offer)
        if known.yanked is not None and offer.yanked is None:
            chosen[offer.distribution] = offer
    return list(chosen.values())


def _render(view: SiteView, template: str, path: str, **facts: object) -> None:
    view.write_later(path, lambda: _environment().get_template(template).render(**facts).encode())


@lru_cache
def _environment() -> Environment:
    # `finalize` escapes whatever a template prints, as autoescape does, in half of the time.
    return Environment(  # noqa: S701
        finalize=lambda value: escape(str(value)),
        loader=PackageLoader("kplug_registry.building"),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache
def _read_assets() -> dict[str, bytes]:
    folder = resources.files("kplug_registry.building") / "assets"
    return {name: (folder / name).read_bytes() for name in _ASSETS}
