"""Adds a release to a site or changes one, in exactly the files that mention it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256

from kplug import lookup_key
from kplug_registry.building.catalogue import (
    find_shown,
    write_component_page,
    write_distribution_pages,
)
from kplug_registry.building.feed import add_recent, update_counts
from kplug_registry.building.further_wheels import check_further_wheel, check_version
from kplug_registry.building.name_rules import check_rules, claim_name
from kplug_registry.building.owners import OPERATOR, check_owner, claim_distribution
from kplug_registry.building.pending_publishers import settle_pending
from kplug_registry.building.provenance import make_provenance
from kplug_registry.building.search_files import update_search
from kplug_registry.building.simple_pages import write_project
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.standing import (
    Listing,
    change_dependents,
    find_dependents,
    find_score,
    list_changed,
)
from kplug_registry.errors import PublishingError, SiteFormatError
from kplug_registry.site_format import (
    ComponentFile,
    ContractResults,
    DistributionFile,
    Offer,
    RecentRelease,
    Release,
    ReleaseFile,
    Workflow,
    component_path,
    distribution_path,
    find_current,
    numbers_path,
    picture_path,
    provenance_path,
    release_path,
    sort_releases,
    summarize_checks,
    wheel_path,
)
from kplug_registry.wheels import WheelContents


def add_release(
    view: SiteView,
    wheel: WheelContents,
    published: str,
    publisher: str = OPERATOR,
    workflow: Workflow | None = None,
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
        workflow: The workflow that does it, if one does.

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
        before = settle_pending(view, before, publisher, published)
    release, file = _make_release(wheel, published, publisher, workflow)
    check_version(before.name, before.releases, release)
    known = next((one for one in before.releases if one.version == release.version), None)
    if known is not None:
        known_file = find_release(view, before.name, known.version)
        check_further_wheel(view, known, known_file, release, file, wheel.path)
        wheels = sorted((*known.wheels, *release.wheels), key=lambda one: one.filename)
        release = replace(known, wheels=tuple(wheels))
        file = replace(
            known_file,
            drawn=known_file.drawn or file.drawn,
            results=known_file.results or file.results,
        )
    if made := make_provenance(before, wheel, workflow):
        given = sorted((*release.provenances, made[0]), key=lambda one: one.filename)
        release = replace(release, provenances=tuple(given))
        view.write(provenance_path(wheel.file.filename), made[1])
    path = wheel_path(wheel.file.filename)
    view.write(path, wheel.path)
    view.write(f"{path}.metadata", metadata.text)
    for drawn in file.drawn:
        digest = drawn.picture.sha256
        if digest in wheel.pictures:
            view.write(picture_path(digest), wheel.pictures[digest])
    if release.numbers is not None:
        view.write(numbers_path(release.numbers), wheel.numbers)
    _replace_release(view, before, release, file)
    if known is None:
        claim_name(view, metadata.name)
        recent = RecentRelease(metadata.name, release.version, metadata.summary, published)
        add_recent(view, recent)
    return None if before.releases else metadata.name


def change_release(
    view: SiteView,
    name: str,
    version: str,
    change: Callable[[Release], Release] = lambda release: release,
    results: ContractResults | None = None,
) -> None:
    """Change a release in all files that mention it.

    Args:
        view: The site.
        name: The distribution.
        version: The version.
        change: Returns the release as it is to be.
        results: Results of the contract suite, in place of those that it has.

    Raises:
        PublishingError: if the site does not have it.
    """
    before = find_distribution(view, name)
    release = next((one for one in before.releases if one.version == version), None)
    if release is None:
        known = ", ".join(one.version for one in before.releases)
        raise PublishingError(
            f"there is no {before.name} {version} in {view.storage}",
            hint=f"Versions are {known}." if known else "",
        )
    file = find_release(view, before.name, version)
    if results is not None:
        file = replace(file, results=results)
    _replace_release(view, before, change(release), file)


def find_distribution(view: SiteView, name: str) -> DistributionFile:
    """Return the file of a distribution, or one without releases if the site has none."""
    path = distribution_path(name)
    return view.find(DistributionFile, path) or DistributionFile(_stem(path), ())


def find_release(view: SiteView, name: str, version: str) -> ReleaseFile:
    """Return the file of a version.

    Raises:
        SiteFormatError: if it is missing, or about another version.
    """
    path = release_path(name, version)
    found = view.find(ReleaseFile, path)
    if found is None or (found.distribution, found.version) != (name, version):
        raise SiteFormatError(
            f"{path} {'is not there' if found is None else 'is about another one'}"
        )
    return found


def find_current_file(view: SiteView, distribution: DistributionFile) -> ReleaseFile | None:
    """Return the file of the current release of a distribution, or None if all are withdrawn."""
    current = find_current(distribution)
    return None if current is None else find_release(view, distribution.name, current.version)


def find_listing(view: SiteView, distribution: DistributionFile) -> Listing | None:
    """Return the current release of a distribution with its score, or None if all are withdrawn."""
    release = find_current(distribution)
    if release is None:
        return None
    file = find_release(view, distribution.name, release.version)
    dependents = find_dependents(view, distribution.name)
    score = find_score(file, dependents, release.publisher)
    return Listing(release, file, score, min(one.published for one in distribution.releases)[:10])


def _make_release(
    wheel: WheelContents, published: str, publisher: str, workflow: Workflow | None
) -> tuple[Release, ReleaseFile]:
    metadata = wheel.metadata
    release = Release(
        metadata.version,
        published,
        metadata.summary,
        metadata.requires,
        metadata.requires_python,
        (replace(wheel.file, published=published),),
        numbers=sha256(wheel.numbers).hexdigest() if wheel.numbers else None,
        publisher=publisher,
        lifecycle=wheel.lifecycle.stage if wheel.lifecycle else None,
        successor=wheel.lifecycle.successor if wheel.lifecycle else None,
        is_library=wheel.is_library,
        workflow=workflow,
        license=metadata.license,
        keywords=metadata.keywords,
    )
    file = ReleaseFile(
        metadata.name, metadata.version, wheel.components, wheel.drawn, wheel.results
    )
    return release, file


def list_offers(release: Release, file: ReleaseFile) -> Iterator[tuple[tuple[str, str], Offer]]:
    """Yield the kind and the lookup key of each name that a release offers, with the offer."""
    pictures = {(one.kind, one.name): one.picture for one in file.drawn}
    checks = summarize_checks(file.results)
    for entry in file.components:
        place = entry.kind, entry.name
        offer = Offer(
            file.distribution,
            release.version,
            entry.name,
            entry.summary,
            entry.signature,
            release.requires,
            release.requires_python,
            release.wheels,
            release.yanked,
            entry.is_qualified_only,
            pictures.get(place),
            checks.get(place),
            entry.example,
            entry.is_stated,
            entry.lifecycle,
            entry.successor,
        )
        for key in dict.fromkeys(map(lookup_key, (entry.name, *entry.aliases))):
            yield (entry.kind, key), offer


def sort_offers(offers: list[Offer]) -> tuple[Offer, ...]:
    """Return offers sorted by distribution, then by version, the newest first."""
    return tuple(sorted(sort_releases(offers), key=lambda offer: offer.distribution))


def _replace_release(
    view: SiteView, before: DistributionFile, release: Release, file: ReleaseFile
) -> None:
    """Replace or add a version in all files that mention it; other versions are not read."""
    own = before.name, release.version
    others = (one for one in before.releases if one.version != release.version)
    after = replace(before, releases=sort_releases((*others, release)))
    for (kind, key), offer in list_offers(release, file):
        path = component_path(kind, key)
        found = view.find(ComponentFile, path) or ComponentFile(kind, key, ())
        kept = (one for one in found.offers if (one.distribution, one.version) != own)
        component = ComponentFile(kind, key, sort_offers([*kept, offer]))
        view.write_noun(path, component)
        write_component_page(view, component)
    current = find_listing(view, before)
    view.write_noun(release_path(*own), file)
    view.write_noun(distribution_path(after.name), after)
    changed = find_listing(view, after)
    # The pages of these say that a newer version lacks them.
    lost = _list_keys(current) - _list_keys(changed)
    for page in (view.find(ComponentFile, component_path(*each)) for each in lost):
        if page is not None:
            write_component_page(view, page)
    _update_required(view, current, changed)
    update_search(view, current, changed)
    update_counts(view, *(one.file if one else None for one in (current, changed)))
    write_project(view, after)
    shown = [find_shown(before).version] if before.releases else []  # until now
    find_file = partial(find_release, view, after.name)
    write_distribution_pages(view, after, find_file, {release.version, *shown})


def _list_keys(listing: Listing | None) -> set[tuple[str, str]]:
    """Return the kind and the lookup key of each name that a release offers."""
    entries = listing.file.components if listing else ()
    return {
        (entry.kind, lookup_key(name)) for entry in entries for name in (entry.name, *entry.aliases)
    }


def _update_required(view: SiteView, before: Listing | None, after: Listing | None) -> None:
    """Update what depends on who requires a distribution: the pages and hits of those it requires."""
    found = {name: find_distribution(view, name) for name in list_changed(before, after)}
    known = {name: find_listing(view, each) for name, each in found.items() if each.releases}
    change_dependents(view, before, after)
    for name, listing in known.items():
        scored = find_listing(view, found[name])
        if listing and scored and scored.score != listing.score:
            update_search(view, listing, scored)
        write_distribution_pages(view, found[name], partial(find_release, view, name))


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")
