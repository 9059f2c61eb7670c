"""Checks further wheels of a version, such as for other platforms: all offer the same."""

from __future__ import annotations

from collections.abc import Iterator

from kplug_registry.errors import ExistingReleaseError, PublishingError
from kplug_registry.site_format import ComponentEntry, Release

_FACTS = ("requires", "requires_python", "summary", "numbers")
_LONGEST = 200  # characters of one value in a message


def check_further_wheel(distribution: str, known: Release, new: Release) -> None:
    """Refuse a wheel of an existing version, unless it is another file with the same components.

    Args:
        distribution: The distribution.
        known: The version as it is in the site.
        new: The version as the wheel has it.

    Raises:
        ExistingReleaseError: if the site has a wheel of that name.
        PublishingError: with the differences of the wheel.
    """
    (wheel,) = new.wheels
    names = [file.filename for file in known.wheels]
    if wheel.filename in names:
        raise ExistingReleaseError(
            f"{wheel.filename} is published already, and a wheel is never replaced",
            hint="Give it a new version. `kplug yank` withdraws one.",
        )
    if new.results is not None and known.results not in (None, new.results):
        raise PublishingError(
            f"{distribution} {known.version} has results of the contract suite, which are never replaced",
            hint="Publish the wheel without --results.",
        )
    differences = [*_compare_components(known, new), *_compare_facts(known, new)]
    if differences:
        raise PublishingError(
            f"{wheel.filename} is not what {distribution} {known.version} is in {names[0]}: "
            + "; ".join(differences[:5]),
            hint="All wheels of a version offer the same: build them from one source, or give a new version.",
        )


def _compare_components(known: Release, new: Release) -> Iterator[str]:
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


def _compare(
    fields: tuple[str, ...], after: object, before: object
) -> Iterator[tuple[str, str, str]]:
    for field in fields:
        new, old = getattr(after, field), getattr(before, field)
        if new != old:
            yield field, repr(new)[:_LONGEST], repr(old)[:_LONGEST]
