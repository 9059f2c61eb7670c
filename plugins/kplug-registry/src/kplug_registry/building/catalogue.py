"""Generates ``index.html`` and ``catalogue/``: web pages, with a script for search and copying."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Sequence
from functools import cache, lru_cache, partial
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from kplug import get_kind, lookup_key
from kplug.errors import UnknownKindError
from kplug.inspection import STAGES
from kplug_registry.building.distribution_facts import DistributionFacts, read_facts
from kplug_registry.building.notices import list_notices
from kplug_registry.building.rendered_text import render_docstring
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.standing import find_dependents
from kplug_registry.building.version_numbers import list_versions
from kplug_registry.building.visible_text import escape_text
from kplug_registry.site_format import (
    ENDING,
    LEVELS,
    LICENCES,
    ComponentFile,
    DistributionFile,
    Offer,
    Release,
    ReleaseFile,
    SiteFile,
    distribution_path,
    find_current,
    find_lowest_level,
    release_path,
    wheel_path,
)

_ASSETS = ("catalogue.css", "catalogue.js", "icon.svg")
FOLDER = "catalogue"
_GAP = "\ue000"  # the placeholder in a layout
_MOST_DOCUMENTED = 5  # distributions of a name whose documentation its page has
_MOST_VERSIONS = 10  # on the page of a component; that of its distribution has all
_USES = {  # a line of code for each kind, around the quoted name
    "loss": "model.compile(loss={})",
    "metric": "model.compile(metrics=[{}])",
    "optimizer": "model.compile(optimizer={})",
    "callback": "model.fit(x, y, callbacks=[{}])",
    "schedule": "optimizers.get('adam', learning_rate={})",
    "activation": "layers.Dense(8, activation={})",
    "initializer": "layers.Dense(8, kernel_initializer={})",
    "regularizer": "layers.Dense(8, kernel_regularizer={})",
    "constraint": "layers.Dense(8, kernel_constraint={})",
}
_ROOT = "../../../"  # as seen from the pages of components and distributions


def write_start_page(view: SiteView, file: SiteFile) -> None:
    """Write the page with the search and the latest releases, and the files that all pages share."""

    def make() -> bytes:
        counts = [(each.kind, _count(each.kind, each.count)) for each in file.counts]
        levels = [(each, f"{each}{' or better' * (each != LEVELS[-1])}") for each in LEVELS]
        filters = [
            ("level", "any level", levels),
            ("lifecycle", "any lifecycle", [(each, each) for each in STAGES]),
            ("licence", "any licence", [(each, each) for each in LICENCES]),
        ]
        main = render("index.html", recent=file.recent, counts=counts, filters=filters)
        return lay_out("", "Plugins", main)

    view.write_later("index.html", make)
    for name, content in _read_assets().items():
        view.write(f"{FOLDER}/assets/{name}", content)


def write_component_page(view: SiteView, component: ComponentFile) -> None:
    """Write the page of a name, with each distribution's default version."""

    def make() -> bytes:
        shown = _choose(component.offers)
        name, kind = shown[0].name if shown else component.key, component.kind
        offers = [(offer, _write_use(kind, offer)) for offer in shown]
        texts = [_find_documentation(view, kind, offer) for offer in shown[:_MOST_DOCUMENTED]]
        versions: dict[str, list[str]] = {}
        for offer in component.offers:
            versions.setdefault(offer.distribution, []).append(offer.version)
        newer = {offer.distribution: _find_newer(view, offer) for offer in shown}
        facts = {"offers": offers, "texts": texts, "versions": versions, "most": _MOST_VERSIONS}
        facts["newer"] = newer
        main = render("component.html", kind=kind, name=name, **facts)
        return lay_out(_ROOT, f"{name}: {kind}", main)

    view.write_later(f"{FOLDER}/components/{component.kind}/{component.key}.html", make)


def _find_newer(view: SiteView, offer: Offer) -> str | None:
    """Return the version that the distribution's page shows, if it lacks a component; None if it has it."""
    distribution = view.find(DistributionFile, distribution_path(offer.distribution))
    shown = find_shown(distribution) if distribution else None
    for release in distribution.releases if distribution else ():  # the newest first
        if release.version == offer.version:
            return None
        if release is shown:
            return release.version
    return None


def write_distribution_pages(
    view: SiteView,
    distribution: DistributionFile,
    find_file: Callable[[str], ReleaseFile],
    versions: Container[str] = (),
) -> None:
    """Write the page of a distribution, which is that of its current version, and those of other versions.

    Args:
        view: The site.
        distribution: The distribution.
        find_file: Returns the file of a version.
        versions: The other versions, as far as they are not the current one.
    """
    folder = f"{FOLDER}/distributions/{distribution.name}"
    shown = find_shown(distribution)
    for release in distribution.releases:
        if release is not shown and release.version in versions:
            older = partial(_make_release_page, view, release, find_file(release.version))
            view.write_later(f"{folder}/{release.version}.html", older)
    file = find_file(shown.version)
    page = cache(partial(_make_release_page, view, shown, file, distribution.releases))
    for stem in ("index", shown.version):
        view.write_later(f"{folder}/{stem}.html", page)


def find_shown(distribution: DistributionFile) -> Release:
    """Return the release that the page of a distribution shows: the current one, or else the newest."""
    return find_current(distribution) or distribution.releases[0]


def _make_release_page(
    view: SiteView,
    release: Release,
    file: ReleaseFile,
    releases: Sequence[Release] = (),
) -> bytes:
    """Return the page of a version; with all releases, if it is the current one."""
    name, results = file.distribution, file.results
    metadata = view.read(f"{wheel_path(release.wheels[0].filename)}.metadata")
    stated = DistributionFacts() if metadata is None else read_facts(metadata)
    found = find_dependents(view, name) if releases else None
    facts = {
        "advisories": list_notices(view, "advisories", name, release.version),
        "results": results,
        "level": find_lowest_level(results, [(one.kind, one.name) for one in file.components]),
        "stated": stated,
        "dependents": [one.name for one in found.dependents] if found else [],
        "versions": list(list_versions(view, releases)),
    }
    head = render("distribution.html", name=name, release=release, **facts)
    checks = render("checks.html", results=results) if results else ""
    html = Markup(stated.readme)  # noqa: S704 - it is sanitised
    readme = render("readme.html", html=html, is_cut=stated.is_cut) if html else ""
    listed = {"components": file.components, "key": lookup_key, "render": _render_docstring}
    main = head + readme + render("components.html", name=name, **listed) + checks
    return lay_out(_ROOT, f"{name} {release.version}", main)


def _find_documentation(view: SiteView, kind: str, offer: Offer) -> Markup:
    """Return the documentation of an offered component; empty if it says no more than the summary."""
    file = view.find(ReleaseFile, release_path(offer.distribution, offer.version))
    entries = file.components if file else ()
    found = next((one for one in entries if (one.kind, one.name) == (kind, offer.name)), None)
    return _render_docstring(found.documentation, offer.summary) if found else Markup()


def _render_docstring(documentation: str, summary: str) -> Markup:
    """Return what a documentation says beyond the summary, its first line."""
    text = documentation.strip().removeprefix(summary).strip()
    return Markup(render_docstring(text)) if text else Markup()  # noqa: S704


def _write_use(kind: str, offer: Offer) -> str:
    """Return a line that can be copied; empty where it would lack an argument."""
    if kind not in _USES or not (offer.example or _has_defaults(kind, offer.signature)):
        return ""
    return _USES[kind].format(_quote(f"{offer.distribution}/{offer.example or offer.name}"))


@lru_cache(maxsize=1024)  # the page of a name is made anew with each version
def _has_defaults(kind: str, signature: str) -> bool:
    """Whether each argument has a default, but those with which a callable of the kind is called."""
    try:
        definition: Any = ast.parse(f"def f{signature or '()'}: ...").body[0]
        leading = get_kind(kind).leading
    except (SyntaxError, UnknownKindError):  # the text is the author's
        return False
    given = definition.args
    names = [each.arg for each in (*given.posonlyargs, *given.args)]
    names = names[: len(names) - len(given.defaults)]
    is_complete = None not in given.kw_defaults
    return is_complete and tuple(names) in ((), leading)


def _quote(text: str) -> str:
    return repr(text) if '"' in text else f'"{text}"'


def _count(kind: str, count: int) -> str:
    """Return a count with the name of the kind, as in ``kplug list --count``."""
    try:
        return f"{count} {kind if count == 1 else get_kind(kind).plural}"
    except UnknownKindError:  # of a plugin that is not installed here
        return f"{count} {kind}"


def _choose(offers: Sequence[Offer]) -> list[Offer]:
    """Return each distribution's newest offer that is not yanked, or else its newest.

    Offers that the bare name means come first, and of these what is to go comes last.
    """
    chosen: dict[str, Offer] = {}
    for offer in offers:
        known = chosen.setdefault(offer.distribution, offer)
        if known.yanked is not None and offer.yanked is None:
            chosen[offer.distribution] = offer
    return sorted(chosen.values(), key=lambda one: (one.is_qualified_only, one.lifecycle in ENDING))


def render(template: str, **facts: object) -> str:
    """Return the HTML of a template, with its facts escaped."""
    return _find_template(template).render(facts)


def lay_out(root: str, title: str, main: str) -> bytes:
    """Return a page from its title as text and its main part as HTML."""
    before, between, after = _split_layout(root)
    return f"{before}{escape_text(title)}{between}{main}{after}".encode()


@lru_cache
def _split_layout(root: str) -> tuple[str, str, str]:
    """Return the layout shared by all pages of a folder, rendered once."""
    before, between, after = render("page.html", root=root, title=_GAP, main=_GAP).split(_GAP)
    return before, between, after


@lru_cache
def _find_template(name: str) -> Template:
    return _environment().get_template(name)


@lru_cache
def _environment() -> Environment:
    # `finalize` escapes all output of a template but `Markup`, in half the time of autoescape.
    return Environment(  # noqa: S701
        finalize=lambda value: value if isinstance(value, Markup) else escape_text(value),
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
