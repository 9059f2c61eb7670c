"""Reads the lifecycles of a wheel and of its components, from its entry points and its classifiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from kplug import Component, lookup_key
from kplug.errors import RegistrationError
from kplug.inspection import LIFECYCLE_GROUP, OF_DISTRIBUTION, Lifecycle, parse_lifecycle
from kplug_registry.site_format import ComponentEntry
from kplug_registry.wheels.archive import WheelArchive
from kplug_registry.wheels.code import LONGEST_LINE, make_writable


def add_lifecycles(
    archive: WheelArchive,
    groups: Mapping[str, Mapping[str, str]],
    classified: Lifecycle | None,
    entries: Iterable[ComponentEntry],
) -> tuple[Lifecycle | None, list[ComponentEntry]]:
    """Return the lifecycle of a wheel, and its components with theirs.

    An entry point counts before what a component has, and that before the wheel's own.

    Args:
        archive: The wheel.
        groups: Its entry points.
        classified: The lifecycle in its classifiers.
        entries: Its components.

    Raises:
        WheelError: for a lifecycle that cannot be read, or of a component that the wheel does not offer.
    """
    stated: dict[str, Lifecycle] = {}
    written = {_make_key(name): name for name in groups.get(LIFECYCLE_GROUP, {})}
    for name, value in groups.get(LIFECYCLE_GROUP, {}).items():
        try:
            stated[_make_key(name)] = parse_lifecycle(name, value)
        except RegistrationError as error:
            archive.refuse(f"{LIFECYCLE_GROUP}: {error.message}. {error.hint}")
    own = stated.pop(OF_DISTRIBUTION, classified)
    found = list(_add(archive, entries, stated, own))
    for idle in stated:
        aliases = ((each, f"{each.kind}.{alias}") for each in found for alias in each.aliases)
        of = next((each.name for each, alias in aliases if _make_key(alias) == idle), None)
        fact = (
            "is the name of none of its components"
            if of is None
            else f"is an alias of {of!r}, which has no lifecycle of its own. "
            "Let the old name be a function that calls the new one"
        )
        archive.refuse(f"{LIFECYCLE_GROUP}: {written[idle][:80]!r} {fact}")
    return own, found


def _add(
    archive: WheelArchive,
    entries: Iterable[ComponentEntry],
    stated: dict[str, Lifecycle],
    own: Lifecycle | None,
) -> Iterator[ComponentEntry]:
    for entry in entries:
        found = stated.pop(_make_key(f"{entry.kind}.{entry.name}"), None)
        if found is None and entry.lifecycle is None:
            found = own
        if found is not None:
            entry = replace(entry, lifecycle=found.stage, successor=found.successor)
        facts: dict[str, object] = {"lifecycle": entry.lifecycle, "successor": entry.successor}
        try:
            Component(entry.name, "package.module:object", **facts)  # type: ignore[arg-type]
        except RegistrationError as error:
            archive.refuse(f"{error.message}. {error.hint}")
        successor = entry.successor and make_writable(entry.successor)[:LONGEST_LINE]
        yield replace(entry, successor=successor)


def _make_key(name: str) -> str:
    kind, dot, component = name.partition(".")
    return f"{kind}.{lookup_key(component)}" if dot else kind
