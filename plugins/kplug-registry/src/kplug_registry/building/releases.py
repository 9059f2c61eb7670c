"""Adds a release to a site or changes one, in exactly the files that mention it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from kplug import lookup_key
from kplug_registry.building.catalogue import write_component_page, write_distribution_pages
from kplug_registry.building.feed import add_recent, update_counts
from kplug_registry.building.further_wheels import check_further_wheel, check_version
from kplug_registry.building.name_rules import check_rules, claim_name
from kplug_registry.building.owners import OPERATOR, check_owner, claim_distribution
from kplug_registry.building.search_files import update_search
from kplug_registry.building.simple_pages import write_project
from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import PublishingError
from kplug_registry.site_format import (
    ComponentEntry,
    ComponentFile,
    DistributionFile,
    Offer,
    RecentRelease,
    Release,
    component_path,
    count_checks,
    distribution_path,
    numbers_path,
    picture_path,
    sort_releases,
    wheel_path,
)
from kplug_registry.wheels import WheelContents


def add_release(
    view: SiteView, wheel: WheelContents, published: str, publisher: str = OPERATOR
) -> str | None:
    """Add a wheel to the files of a site, and return the name of its distribution if it is new.

    A version may get further wheels, for other platforms, if they offer the same. Whoever publishes a name
    first owns it.

    The pages that list all distributions stay unchanged: see `add_projects`.

    Args:
        view: The site.
        wheel: The contents of the wheel.
        published: The time, as in `Release`.
        publisher: In whose name: an owner of the distribution, if the site has it.

    Raises:
        NotPermittedError: if the distribution or the version is another's.
        ExistingReleaseError: if the site has a wheel of that name.
        PublishingError: if the site's rules refuse the wheel, or it differs from other wheels of its version.
    """
    check_rules(view, wheel)
    metadata = wheel.metadata
    before = find_distribution(view, metadata.name)
    if before.releases:
        check_owner(before, publisher)
    else:
        before = claim_distribution(before, publisher, published)
    made = replace(_make_release(wheel, published), publisher=publisher)
    check_version(before.name, before.releases, made)
    known = next((one for one in before.releases if one.version == made.version), None)
    if known is not None:
        check_further_wheel(view, before.name, known, made, wheel.path)
        wheels = sorted((*known.wheels, *made.wheels), key=lambda file: file.filename)
        made = replace(
            known,
            wheels=tuple(wheels),
            drawn=known.drawn or made.drawn,
            results=known.results or made.results,
        )
    path = wheel_path(wheel.file.filename)
    view.write(path, wheel.path)
    view.write(f"{path}.metadata", metadata.text)
    for drawn in made.drawn:
        digest = drawn.picture.sha256
        if digest in wheel.pictures:
            view.write(picture_path(digest), wheel.pictures[digest])
    if made.numbers is not None:
        view.write(numbers_path(made.numbers), wheel.numbers)
    others = (one for one in before.releases if one is not known)
    _replace_distribution(view, before, (*others, made))
    if known is None:
        claim_name(view, metadata.name)
        recent = RecentRelease(metadata.name, made.version, metadata.summary, published)
        add_recent(view, recent)
    return None if before.releases else metadata.name


def change_release(
    view: SiteView, name: str, version: str, change: Callable[[Release], Release]
) -> None:
    """Change a release in all files that mention it.

    Raises:
        PublishingError: if the site does not have it.
    """
    before = find_distribution(view, name)
    if all(release.version != version for release in before.releases):
        known = ", ".join(release.version for release in before.releases)
        raise PublishingError(
            f"there is no {before.name} {version} in {view.storage}",
            hint=f"Versions are {known}." if known else "",
        )
    after = (change(one) if one.version == version else one for one in before.releases)
    _replace_distribution(view, before, tuple(after))


def find_distribution(view: SiteView, name: str) -> DistributionFile:
    """Return the file of a distribution, or one without releases if the site has none."""
    path = distribution_path(name)
    return view.find(DistributionFile, path) or DistributionFile(_stem(path), ())


def _make_release(wheel: WheelContents, published: str) -> Release:
    metadata = wheel.metadata
    return Release(
        metadata.version,
        published,
        metadata.summary,
        metadata.requires,
        metadata.requires_python,
        (replace(wheel.file, published=published),),
        wheel.components,
        drawn=wheel.drawn,
        results=wheel.results,
        numbers=sha256(wheel.numbers).hexdigest() if wheel.numbers else None,
    )


def list_offers(distribution: DistributionFile) -> Iterator[tuple[tuple[str, str], Offer]]:
    """Yield the kind and the lookup key of each name that a release offers, with the offer."""
    for release in distribution.releases:
        pictures = {(one.kind, one.name): one.picture for one in release.drawn}
        counts = count_checks(release.results)
        for entry in release.components:
            place = entry.kind, entry.name
            offer = replace(
                _make_offer(distribution.name, release, entry),
                picture=pictures.get(place),
                checks=counts.get(place),
            )
            for key in dict.fromkeys(map(lookup_key, (entry.name, *entry.aliases))):
                yield (entry.kind, key), offer


def sort_offers(offers: list[Offer]) -> tuple[Offer, ...]:
    """Return offers sorted by distribution, then by version, the newest first."""
    return tuple(sorted(sort_releases(offers), key=lambda offer: offer.distribution))


def _make_offer(distribution: str, release: Release, entry: ComponentEntry) -> Offer:
    return Offer(
        distribution,
        release.version,
        entry.name,
        entry.summary,
        entry.signature,
        release.requires,
        release.requires_python,
        release.wheels,
        release.yanked,
        entry.is_qualified_only,
    )


def _replace_distribution(
    view: SiteView, before: DistributionFile, releases: tuple[Release, ...]
) -> None:
    after = replace(before, releases=sort_releases(releases))
    places: dict[tuple[str, str], list[Offer]] = {place: [] for place, _ in list_offers(before)}
    for place, offer in list_offers(after):
        places.setdefault(place, []).append(offer)
    for (kind, key), own in places.items():
        path = component_path(kind, key)
        found = view.find(ComponentFile, path) or ComponentFile(kind, key, ())
        kept = [offer for offer in found.offers if offer.distribution != before.name]
        offers = sort_offers([*kept, *own])
        component = ComponentFile(kind, key, offers)
        view.write_noun(path, component)
        write_component_page(view, component)
    update_search(view, before, after)
    update_counts(view, before, after)
    write_project(view, after)
    write_distribution_pages(view, before, after)
    view.write_noun(distribution_path(after.name), after)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")
