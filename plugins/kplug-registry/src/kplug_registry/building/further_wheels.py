"""Checks further wheels of a version, such as for other platforms: all offer the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.utils import parse_wheel_filename
from packaging.version import Version

from kplug_registry.building.site_view import SiteView
from kplug_registry.building.wheel_tags import can_replace
from kplug_registry.errors import ExistingReleaseError, NotPermittedError, PublishingError
from kplug_registry.site_format import ComponentEntry, Release, ReleaseFile, wheel_path
from kplug_registry.wheels import is_python, list_file_hashes

_FACTS = (
    "requires",
    "requires_python",
    "summary",
    "numbers",
    "lifecycle",
    "successor",
    "is_library",
)
_LONGEST = 200  # characters of one value in a message


def check_version(distribution: str, known: Iterable[Release], new: Release) -> None:
    """Refuse a version that ``==`` cannot tell from one that is there, as ``1.0.0`` or ``1.0+x`` and ``1.0``.

    Raises:
        PublishingError: with the other version.
    """
    public = _read_public(new.version)
    for release in known:
        if release.version != new.version and _read_public(release.version) == public:
            raise PublishingError(
                f"{distribution} {release.version} is published, and =={release.version} could mean "
                f"{new.version} too",
                hint="Give it a new version.",
            )


def check_further_wheel(
    view: SiteView,
    known: Release,
    known_file: ReleaseFile,
    new: Release,
    new_file: ReleaseFile,
    path: Path,
) -> None:
    """Refuse a wheel of an existing version, unless it is the same for machines that had none.

    Args:
        view: The site.
        known: The version as it is in the site.
        known_file: What it offers.
        new: The version as the wheel has it.
        new_file: What the wheel offers.
        path: The wheel.

    Raises:
        NotPermittedError: if another owner has published the version.
        ExistingReleaseError: if the site has a wheel of that name, however it is written.
        PublishingError: with the differences of the wheel.
    """
    release = f"{known_file.distribution} {known.version}"
    (wheel,) = new.wheels
    names = [file.filename for file in known.wheels]
    read = parse_wheel_filename(wheel.filename)
    same = next((name for name in names if parse_wheel_filename(name) == read), None)
    if same is not None:
        as_other = f" as {same}" if same != wheel.filename else ""
        raise ExistingReleaseError(
            f"{wheel.filename} is published already{as_other}, and a wheel is never replaced",
            hint="Give it a new version. `kplug yank` withdraws one.",
        )
    if (known.publisher, known.workflow) != (new.publisher, new.workflow):
        by = f", by {known.workflow}" if known.workflow else ""
        raise NotPermittedError(
            f"{release} was published by {known.publisher}{by}, who alone adds wheels to it",
            hint="Give the wheel a new version.",
        )
    if new_file.results is not None and known_file.results not in (None, new_file.results):
        raise PublishingError(
            f"{release} has results of the contract suite, which are never replaced",
            hint="Publish the wheel without --results.",
        )
    differences = [
        *_compare_components(known_file, new_file),
        *_compare_facts(known, new),
        *_compare_files(view, names, path),
    ]
    if differences:
        raise PublishingError(
            f"{wheel.filename} is not what {release} is in {names[0]}: "
            + "; ".join(differences[:5]),
            hint="All wheels of a version offer the same: build them from one source, or give a new version.",
        )


@lru_cache(maxsize=1024)  # a version is compared with each that comes after it
def _read_public(version: str) -> Version:
    return Version(Version(version).public)


def _compare_components(known: ReleaseFile, new: ReleaseFile) -> Iterator[str]:
    old, made = ({(each.kind, each.name): each for each in one.components} for one in (known, new))
    for kind, name in sorted(old.keys() - made.keys()):
        yield f"the {kind} {name!r} is missing"
    for kind, name in sorted(made.keys() - old.keys()):
        yield f"the {kind} {name!r} is new"
    for kind, name in sorted(made.keys() & old.keys()):
        yield from (
            f"the {kind} {name!r} has the {field} {after}, not {before}"
            for field, after, before in _compare(
                ComponentEntry.__match_args__, made[kind, name], old[kind, name]
            )
        )


def _compare_facts(known: Release, new: Release) -> Iterator[str]:
    for field, after, before in _compare(_FACTS, new, known):
        yield f"it has the {field} {after}, not {before}"


def _compare_files(view: SiteView, names: Sequence[str], path: Path) -> Iterator[str]:
    """Yield a clause for each file that is other code than machines have got of the version.

    The Python files of all wheels are the same, so one of them is compared; and all files with a wheel
    that somebody has, who would get the new one now.
    """
    replaced = [name for name in names if can_replace(path.name, name)]
    made = list_file_hashes(path)
    for name in dict.fromkeys([*replaced, names[0]]):
        known = _read_hashes(view, name)
        for place in sorted(made.keys() | known.keys()):
            if made.get(place) != known.get(place) and (name in replaced or is_python(place)):
                fact = "differs" if place in made and place in known else "is in one of them alone"
                yield f"its file {place[:_LONGEST]!r} {fact}" + f" ({name})" * (name != names[0])


def _read_hashes(view: SiteView, filename: str) -> dict[str, str]:
    content = view.read(wheel_path(filename))
    if content is None:
        raise PublishingError(
            f"{filename} is not there, so no further wheel can be compared with it",
            hint="`kplug index verify SITE` lists what is missing.",
        )
    with TemporaryDirectory() as folder:
        copy = Path(folder) / filename
        copy.write_bytes(content)
        return list_file_hashes(copy)


def _compare(
    fields: tuple[str, ...], after: object, before: object
) -> Iterator[tuple[str, str, str]]:
    for field in fields:
        new, old = getattr(after, field), getattr(before, field)
        if new != old:
            yield field, repr(new)[:_LONGEST], repr(old)[:_LONGEST]
