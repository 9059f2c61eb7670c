"""Generates ``index.html`` and ``catalogue/``: web pages, with a script for search and copying."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from importlib import resources
from itertools import zip_longest

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from kplug import get_kind, lookup_key
from kplug.errors import UnknownKindError
from kplug_registry.building.notices import list_notices
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.visible_text import escape_text
from kplug_registry.site_format import (
    ComponentEntry,
    ComponentFile,
    DistributionFile,
    Offer,
    Release,
    ReleaseFile,
    SiteFile,
    find_current,
    find_lowest_level,
)

_ASSETS = ("catalogue.css", "catalogue.js", "icon.svg")
_FOLDER = "catalogue"
_GAP = "\ue000"  # the placeholder in a layout
_ROOT = "../../../"  # as seen from the pages of components and distributions


def write_start_page(view: SiteView, file: SiteFile) -> None:
    """Write the page with the search and the latest releases, and the files that all pages share."""

    def make() -> bytes:
        counts = [(each.kind, _count(each.kind, each.count)) for each in file.counts]
        main = _render("index.html", recent=file.recent, counts=counts)
        return _lay_out("", "Plugins", main)

    view.write_later("index.html", make)
    for name, content in _read_assets().items():
        view.write(f"{_FOLDER}/assets/{name}", content)


def write_component_page(view: SiteView, component: ComponentFile) -> None:
    """Write the page of a name, with each distribution's default version."""

    def make() -> bytes:
        shown = _choose(component.offers)
        name, kind = shown[0].name if shown else component.key, component.kind
        main = _render("component.html", kind=kind, name=name, offers=shown)
        return _lay_out(_ROOT, f"{name}: {kind}", main)

    view.write_later(f"{_FOLDER}/components/{component.kind}/{component.key}.html", make)


def write_release_page(view: SiteView, release: Release, file: ReleaseFile) -> None:
    """Write the page of a version."""
    path = f"{_FOLDER}/distributions/{file.distribution}/{release.version}.html"
    view.write_later(path, partial(_make_release_page, view, release, file))


def write_distribution_page(
    view: SiteView, distribution: DistributionFile, find_file: Callable[[str], ReleaseFile]
) -> None:
    """Write the page of a distribution, which shows its current version.

    Args:
        view: The site.
        distribution: The distribution.
        find_file: Returns the file of a version.
    """
    shown = find_current(distribution) or distribution.releases[0]
    versions = list(_list_versions(distribution.releases))
    page = partial(_make_release_page, view, shown, find_file(shown.version), versions)
    view.write_later(f"{_FOLDER}/distributions/{distribution.name}/index.html", page)


def _list_versions(releases: Sequence[Release]) -> Iterator[tuple[str, str]]:
    """Yield each version with what its recorded numbers are to those of the version before it."""
    for release, before in zip_longest(releases, releases[1:]):
        numbers = ""
        if before is not None and None not in (release.numbers, before.numbers):
            is_same = release.numbers == before.numbers
            numbers = "same numbers" if is_same else "numbers recorded anew"
        yield release.version, numbers


def _make_release_page(
    view: SiteView, release: Release, file: ReleaseFile, versions: Sequence[tuple[str, str]] = ()
) -> bytes:
    name, results = file.distribution, file.results
    facts = {
        "advisories": list_notices(view, "advisories", name, release.version),
        "results": results,
        "level": find_lowest_level(results, [(one.kind, one.name) for one in file.components]),
    }
    head = _render("distribution.html", name=name, release=release, versions=versions, **facts)
    checks = _render("checks.html", results=results) if results else ""
    main = head + _render_components(name, file.components) + checks
    return _lay_out(_ROOT, f"{name} {release.version}", main)


@lru_cache(maxsize=1)  # the page of a distribution and that of its newest version are made together
def _render_components(name: str, components: tuple[ComponentEntry, ...]) -> str:
    return _render("components.html", name=name, components=components, key=lookup_key)


def _count(kind: str, count: int) -> str:
    """Return a count with the name of the kind, as in ``kplug list --count``."""
    try:
        return f"{count} {kind if count == 1 else get_kind(kind).plural}"
    except UnknownKindError:  # of a plugin that is not installed here
        return f"{count} {kind}"


def _choose(offers: Sequence[Offer]) -> list[Offer]:
    """Return each distribution's newest offer that is not yanked, or else its newest.

    Offers that the bare name means come first.
    """
    chosen: dict[str, Offer] = {}
    for offer in offers:
        known = chosen.setdefault(offer.distribution, offer)
        if known.yanked is not None and offer.yanked is None:
            chosen[offer.distribution] = offer
    return sorted(chosen.values(), key=lambda offer: offer.is_qualified_only)


def _render(template: str, **facts: object) -> str:
    return _find_template(template).render(facts)


def _lay_out(root: str, title: str, main: str) -> bytes:
    """Return a page from its title as text and its main part as HTML."""
    before, between, after = _split_layout(root)
    return f"{before}{escape_text(title)}{between}{main}{after}".encode()


@lru_cache
def _split_layout(root: str) -> tuple[str, str, str]:
    """Return the layout shared by all pages of a folder, rendered once."""
    before, between, after = _render("page.html", root=root, title=_GAP, main=_GAP).split(_GAP)
    return before, between, after


@lru_cache
def _find_template(name: str) -> Template:
    return _environment().get_template(name)


@lru_cache
def _environment() -> Environment:
    # `finalize` escapes all output of a template, in half the time of autoescape.
    return Environment(  # noqa: S701
        finalize=escape_text,
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
