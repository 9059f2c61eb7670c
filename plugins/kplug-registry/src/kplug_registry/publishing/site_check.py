"""Verifies a site: regenerates its files from its wheels and distribution files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from kplug_registry.building import SiteView
from kplug_registry.building.feed import MOST_RECENT, count_kinds, list_counts
from kplug_registry.building.held_names import REQUIRED, list_names, list_required
from kplug_registry.building.prefix_files import sort_words
from kplug_registry.building.releases import (
    find_current_file,
    find_listing,
    find_release,
    list_offers,
    sort_offers,
)
from kplug_registry.building.search_files import choose_hits, list_hits
from kplug_registry.building.standing import list_edges, sort_dependents
from kplug_registry.building.trusted_publishers import TRUSTING
from kplug_registry.errors import SiteFormatError
from kplug_registry.publishing.page_check import find_page_faults
from kplug_registry.publishing.transactions import changing
from kplug_registry.site_format import (
    FORMAT,
    MOST_DEPENDENTS,
    MOST_HITS,
    ComponentFile,
    Dependent,
    DependentsFile,
    DistributionFile,
    KindCount,
    Offer,
    PrefixFile,
    RecentRelease,
    Release,
    ReleaseFile,
    SearchFile,
    SearchHit,
    SiteFile,
    WheelFile,
    component_path,
    dependents_path,
    distribution_path,
    list_prefixes,
    numbers_path,
    picture_path,
    prefix_path,
    provenance_path,
    release_path,
    wheel_path,
    word_path,
)
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.signature_check import find_signature_faults

_Files = Mapping[tuple[str, str], ReleaseFile]  # by distribution and version


def verify(site: SiteStorage) -> list[str]:
    """Return the faults of a site, one sentence each; empty if it is sound.

    It completes an interrupted publish first.

    Raises:
        PublishingError: if there is no site.
    """
    with changing(site):
        pass  # taking the lock completes an interrupted publish
    view = SiteView(site)
    try:
        distributions = list(_read_distributions(view))
        files = {
            (each.name, one.version): find_release(view, each.name, one.version)
            for each in distributions
            for one in each.releases
        }
        current = [find_current_file(view, each) for each in distributions]
        counts = list_counts(sum(map(count_kinds, current), Counter()))
        file = view.find(SiteFile, "registry.json") or SiteFile()
        found = [
            *_check_site_file(file, counts, distributions),
            *_check_all(view, replace(file, counts=counts), distributions, files),
        ]
        return [*found, *find_signature_faults(site)]
    except SiteFormatError as error:
        return [error.message]


def _read_distributions(view: SiteView) -> Iterator[DistributionFile]:
    for name in view.storage.list("distributions"):
        found = view.find(DistributionFile, name)
        if found is None or distribution_path(found.name) != name:
            raise SiteFormatError(f"{name} is about another distribution")
        yield found


def _check_site_file(
    file: SiteFile, counts: tuple[KindCount, ...], distributions: list[DistributionFile]
) -> Iterator[str]:
    if file.format != FORMAT:
        yield f"registry.json is not of format {FORMAT}"
    if file.counts != counts:
        yield "registry.json counts other components than the distributions' files have"
    releases = {
        RecentRelease(each.name, release.version, release.summary, release.published)
        for each in distributions
        for release in each.releases
    }
    listed = set(file.recent)
    if len(listed) != min(len(releases), MOST_RECENT) or not listed <= releases:
        yield "registry.json lists other releases than the distributions' files have"


def _check_all(
    view: SiteView, file: SiteFile, distributions: list[DistributionFile], files: _Files
) -> Iterator[str]:
    offers: dict[tuple[str, str], list[Offer]] = defaultdict(list)
    hits: dict[str, list[SearchHit]] = defaultdict(list)
    dependents: dict[str, list[Dependent]] = defaultdict(list)
    for distribution in distributions:
        for release in distribution.releases:
            own = files[distribution.name, release.version]
            yield from _check_wheels(view, release, own)
            for place, offer in list_offers(release, own):
                offers[place].append(offer)
        listing = find_listing(view, distribution)
        for word, hit in list_hits(listing):
            hits[word].append(hit)
        for name, dependent in (
            list_edges(listing.file, listing.release) if listing else {}
        ).items():
            dependents[name].append(dependent)
    components = [
        ComponentFile(*place, sort_offers(found)) for place, found in sorted(offers.items())
    ]
    yield from find_page_faults(view.storage, file, distributions, files, components)
    known = {release_path(*each) for each in files}
    for path in sorted(set(view.storage.list("releases")) - known):
        yield f"{path} belongs to nothing in the site"
    yield from _check_components(view, components)
    yield from _check_search(view, hits)
    yield from _check_dependents(view, dependents)
    required = (list_required(one.requires) for each in distributions for one in each.releases)
    if list_names(view, REQUIRED) != tuple(sorted(set().union(*required))):
        yield f"{REQUIRED} does not list what the distributions' files require"
    trusting = tuple(sorted(each.name for each in distributions if each.trusted_publishers))
    if list_names(view, TRUSTING) != trusting:
        yield f"{TRUSTING} does not list the distributions that trust publishers"
    yield from _check_prefixes(view)


def _check_wheels(view: SiteView, release: Release, file: ReleaseFile) -> Iterator[str]:
    name = f"{file.distribution} {release.version}"
    for wheel in release.wheels:
        yield from _check_wheel(view, wheel, name)
    for each in release.provenances:
        yield from _check_file(view, provenance_path(each.filename), each.sha256, name)
    for drawn in file.drawn:
        digest = drawn.picture.sha256
        yield from _check_file(view, picture_path(digest), digest, name)
    if release.numbers is not None:
        yield from _check_file(view, numbers_path(release.numbers), release.numbers, name)


def _check_wheel(view: SiteView, wheel: WheelFile, release: str) -> Iterator[str]:
    path = wheel_path(wheel.filename)
    yield from _check_file(view, path, wheel.sha256, release)
    yield from _check_file(view, f"{path}.metadata", wheel.metadata_sha256, release)


def _check_file(view: SiteView, path: str, sha256: str, release: str) -> Iterator[str]:
    found = view.storage.find_hash(path)
    if found is None:
        yield f"{path} of {release} is not there"
    elif found != sha256:
        yield f"{path} does not have the hash that the file of {release} gives it"


def _check_components(view: SiteView, components: list[ComponentFile]) -> Iterator[str]:
    wanted = {component_path(each.kind, each.key): each for each in components}
    for path, component in wanted.items():
        if view.find(ComponentFile, path) != component:
            yield f"{path} does not say what the distributions' files say"
    for path in sorted(set(view.storage.list("components")) - wanted.keys()):
        found_file = view.find(ComponentFile, path)
        if found_file is not None and found_file.offers:
            yield f"{path} names offers of no distribution"


def _check_search(view: SiteView, hits: dict[str, list[SearchHit]]) -> Iterator[str]:
    """Compare the words' files; a file that was full may lack hits after a withdrawal."""
    wanted = {word_path(word): (word, found) for word, found in hits.items()}
    for path in sorted(set(view.storage.list("search")) | wanted.keys()):
        word, found = wanted.get(path, ("", []))
        there = view.find(SearchFile, path)
        listed = [] if there is None else list(there.hits)
        is_whole = listed == choose_hits(word, found)
        if not is_whole and (len(found) <= MOST_HITS or not set(listed) <= set(found)):
            yield f"{path} does not say what the distributions' files say"
        elif there is not None and word_path(there.word) != path:
            yield f"{path} is about another word"


def _check_dependents(view: SiteView, dependents: dict[str, list[Dependent]]) -> Iterator[str]:
    """Compare the files of who requires what; one that was full may lack some after a withdrawal."""
    wanted = {dependents_path(name): (name, found) for name, found in dependents.items()}
    for path in sorted(set(view.storage.list("dependents")) | wanted.keys()):
        there = view.find(DependentsFile, path)
        name, found = wanted.get(path, (there.name if there else "", []))
        listed = there.dependents if there else ()
        is_part = len(found) > MOST_DEPENDENTS and set(listed) <= set(found)
        if there is None or dependents_path(there.name) != path:
            yield f"{path} is not about {name or 'that distribution'}"
        elif listed != sort_dependents(found) and not is_part:
            yield f"{path} does not say what the distributions' files say"


def _check_prefixes(view: SiteView) -> Iterator[str]:
    """Compare the lists of words with the words that have files."""
    files = (view.find(SearchFile, path) for path in view.storage.list("search"))
    wanted: dict[str, list[str]] = defaultdict(list)
    for file in filter(None, files):
        for prefix in list_prefixes(file.word):
            wanted[prefix].append(file.word)
    for prefix, words in wanted.items():
        path = prefix_path(prefix)
        if view.find(PrefixFile, path) != PrefixFile(prefix, sort_words(words)):
            yield f"{path} does not list the words that have files"
    known = set(map(prefix_path, wanted))
    for path in sorted(set(view.storage.list("prefixes")) - known):
        yield f"{path} lists words that have no files"
