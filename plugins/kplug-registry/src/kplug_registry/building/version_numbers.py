"""Says of each version whether it has recorded the same numbers as the version before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import zip_longest

from msgspec import Raw, Struct

from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import Release, from_json, numbers_path

_MOST_COMPARED = 10  # changes, the newest: each takes a file of the site


class _Reading(Struct):
    kind: str
    spec: str
    recipe: int
    parts: Raw  # as text: kplug-numbers writes equal numbers alike


class _NumbersFile(Struct):
    readings: list[_Reading]


_Readings = dict[tuple[str, str], tuple[int, bytes]]


def list_versions(view: SiteView, releases: Sequence[Release]) -> Iterator[tuple[str, str]]:
    """Yield each version with what its recorded numbers are to those of the version before it."""
    read = lru_cache(maxsize=1)(partial(_read, view))  # a version is the newer one, then the older
    compared = 0
    for release, before in zip_longest(releases, releases[1:]):
        numbers, note = release.numbers, ""
        if before is not None and numbers is not None and before.numbers is not None:
            if numbers == before.numbers:
                note = "same numbers"
            elif compared < _MOST_COMPARED:
                compared += 1
                note = _compare(read(numbers), read(before.numbers))
        yield release.version, note


def _read(view: SiteView, sha256: str) -> _Readings:
    """Return the recipe and the parts of each reading; nothing of a file that is damaged."""
    try:
        found = from_json(_NumbersFile, view.read(numbers_path(sha256)) or b"", "")
    except SiteFormatError:  # `kplug index verify` says so
        return {}
    return {(one.kind, one.spec): (one.recipe, bytes(one.parts)) for one in found.readings}


def _compare(after: _Readings, before: _Readings) -> str:
    """Compare the readings that both versions have; without any there is nothing to say."""
    both = after.keys() & before.keys()
    if any(after[key] != before[key] for key in both):
        return "numbers recorded anew"
    more = len(after) - len(both)
    added = f", {more} reading{'s' * (more > 1)} more" if more else ""
    return f"same numbers{added}" if both else ""
