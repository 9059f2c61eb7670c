"""Reads an author's facts about a wheel: what its components are where it is installed.

They lie beside the wheel, in ``WHEEL.facts.json``. They are the author's word, so what the wheel says itself
comes first, and what contradicts it is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from kplug import Component, get_kind, lookup_key
from kplug.errors import RegistrationError, UnknownKindError
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import ComponentEntry, DrawnComponent, Picture, from_json
from kplug_registry.wheels.archive import WheelArchive
from kplug_registry.wheels.check_report import condense
from kplug_registry.wheels.code import (
    LONGEST_DOCUMENTATION,
    LONGEST_LINE,
    LONGEST_SIGNATURE,
)
from kplug_registry.wheels.metadata import WheelMetadata
from kplug_registry.wheels.svg import find_fault

FACTS_FORMAT = 1
_ANY_TARGET = "package.module:object"
_LARGEST = 16 << 20  # bytes of the file
_LARGEST_PICTURE = 1 << 20


@dataclass(frozen=True, slots=True)
class StatedPicture:
    """A picture.

    Args:
        svg: The SVG.
        text: The alternative text.
    """

    svg: str
    text: str


@dataclass(frozen=True, slots=True)
class StatedComponent:
    """A component, as the author states it.

    Args:
        kind: The singular name of the kind.
        name: The declared name.
        target: The place of the object, as ``module:name``.
        aliases: Further names.
        signature: Arguments with types and defaults, such as ``(smooth: float = 1e-05)``.
        summary: One line.
        documentation: The documentation of the object.
        example: How it is written with the arguments of its author's example; empty without one.
        lifecycle: Its stage, or else that of its distribution; None if unknown.
        successor: What to use instead of what is deprecated or archived.
        is_qualified_only: Whether the bare name does not mean this component.
        picture: What it does, if drawn.
    """

    kind: str
    name: str
    target: str
    aliases: tuple[str, ...] = ()
    signature: str = ""
    summary: str = ""
    documentation: str = ""
    example: str = ""
    lifecycle: str | None = None
    successor: str | None = None
    is_qualified_only: bool = False
    picture: StatedPicture | None = None


@dataclass(frozen=True, slots=True)
class AuthorFacts:
    """``WHEEL.facts.json``: what an author states about a wheel.

    Args:
        format: The version of the format.
        distribution: The normalised name.
        version: The version, in its normal form.
        sha256: The hash of the wheel, in small hexadecimal digits.
        components: All components of the wheel.
        results: What ``kplug check --json`` printed, as text, if the author sends it.
    """

    format: int
    distribution: str
    version: str
    sha256: str
    components: tuple[StatedComponent, ...]
    results: str | None = None


def facts_path(wheel: Path) -> Path:
    """Return the path of the facts about a wheel.

    Example:
        >>> facts_path(Path("waves-1.0-py3-none-any.whl")).name
        'waves-1.0-py3-none-any.whl.facts.json'
    """
    return wheel.with_name(f"{wheel.name}.facts.json")


def read_facts(archive: WheelArchive, sha256: str, metadata: WheelMetadata) -> AuthorFacts | None:
    """Return the facts beside a wheel; None without them.

    Args:
        archive: The wheel.
        sha256: Its hash.
        metadata: Its metadata.

    Raises:
        WheelError: if they are malformed or too large, or about another wheel.
    """
    path = facts_path(archive.path)
    if not path.is_file():
        return None
    if (size := path.stat().st_size) > _LARGEST:
        _refuse(archive, f"has {size} bytes, and {_LARGEST} are allowed")
    try:
        facts = from_json(AuthorFacts, path.read_bytes(), "it")
    except SiteFormatError as error:
        _refuse(archive, f"cannot be read: {error.message}")
    if facts.format != FACTS_FORMAT:
        _refuse(archive, f"is of format {facts.format}, and {FACTS_FORMAT} is known here")
    own = metadata.name, metadata.version
    if (facts.distribution, facts.version) != own:
        other = f"{facts.distribution[:80]} {facts.version[:80]}"
        _refuse(archive, f"is about {other}, not about {' '.join(own)}")
    if facts.sha256 != sha256:
        _refuse(
            archive,
            f"is about a wheel with SHA-256 {facts.sha256[:64]!r}, and this one has {sha256}",
        )
    return facts


def list_entries(
    archive: WheelArchive, facts: AuthorFacts, static: Iterable[ComponentEntry], has_hooks: bool
) -> list[ComponentEntry]:
    """Return the components that facts state, if entry points and hooks of the wheel agree.

    Args:
        archive: The wheel.
        facts: The facts about it.
        static: The components of its entry points.
        has_hooks: Whether it declares components in code, too.

    Raises:
        WheelError: with the component that contradicts.
    """
    entries = [_check(archive, one) for one in facts.components]
    targets = {
        (entry.kind, lookup_key(name)): entry.target
        for entry in entries
        for name in (entry.name, *entry.aliases)
    }
    declared = {(entry.kind, lookup_key(entry.name)): entry for entry in static}
    for place, entry in declared.items():
        if targets.get(place) != entry.target:
            found = f"is {targets[place][:80]}" if place in targets else "is missing"
            _refuse(
                archive,
                f"contradicts entry_points.txt: the {entry.kind} {entry.name!r} {found}, and not "
                f"{entry.target}",
            )
    for entry in entries:
        if not has_hooks and (entry.kind, lookup_key(entry.name)) not in declared:
            _refuse(
                archive, f"has the {entry.kind} {entry.name!r}, which nothing in the wheel declares"
            )
    return entries


def add_statements(
    entries: Iterable[ComponentEntry], facts: AuthorFacts
) -> Iterator[ComponentEntry]:
    """Yield components with what the author states and the code does not show."""
    stated = _by_name(facts)
    for entry in entries:
        one = stated[entry.kind, lookup_key(entry.name)]
        full = replace(
            entry,
            signature=entry.signature or condense(one.signature, LONGEST_SIGNATURE),
            summary=entry.summary or condense(one.summary, LONGEST_LINE),
            documentation=entry.documentation or one.documentation[:LONGEST_DOCUMENTATION],
        )
        yield replace(full, example=condense(one.example, LONGEST_LINE), is_stated=full != entry)


def list_pictures(
    archive: WheelArchive, entries: Iterable[ComponentEntry], facts: AuthorFacts
) -> tuple[tuple[DrawnComponent, ...], dict[str, bytes]]:
    """Return the components with a picture, and the pictures by hash.

    Raises:
        WheelError: for a picture with anything but shapes and text.
    """
    stated = _by_name(facts)
    drawn: list[DrawnComponent] = []
    pictures: dict[str, bytes] = {}
    for entry in entries:
        picture = stated[entry.kind, lookup_key(entry.name)].picture
        if picture is None:
            continue
        svg = picture.svg.encode("utf-8", "replace")
        fault = f"{len(svg)} bytes" if len(svg) > _LARGEST_PICTURE else find_fault(svg)
        if fault is not None:
            _refuse(archive, f"has a picture of the {entry.kind} {entry.name!r} with {fault}")
        digest = hashlib.sha256(svg).hexdigest()
        pictures[digest] = svg
        drawn.append(
            DrawnComponent(entry.kind, entry.name, Picture(digest, condense(picture.text)))
        )
    return tuple(drawn), pictures


def _check(archive: WheelArchive, one: StatedComponent) -> ComponentEntry:
    try:
        kind = get_kind(one.kind).name
        for name in (one.name, *one.aliases):
            Component(name, _ANY_TARGET)
    except (UnknownKindError, RegistrationError) as error:
        _refuse(archive, f"has the {one.kind[:40]!r} {one.name[:80]!r}: {error.message}")
    target = condense(one.target)
    module, colon, name = target.partition(":")
    if target != one.target or not (module and colon and name):
        _refuse(archive, f"has a {kind} {one.name!r} with the target {one.target[:80]!r}")
    return ComponentEntry(
        kind,
        one.name,
        target,
        one.aliases,
        lifecycle=one.lifecycle,
        successor=one.successor and condense(one.successor),
        is_qualified_only=one.is_qualified_only,
    )


def _by_name(facts: AuthorFacts) -> Mapping[tuple[str, str], StatedComponent]:
    return {(one.kind, lookup_key(one.name)): one for one in facts.components}


def _refuse(archive: WheelArchive, reason: str) -> NoReturn:
    name = archive.path.name
    archive.refuse(
        f"{facts_path(archive.path).name} {reason}",
        f"Where the wheel is installed, `kplug facts {name}` writes it anew.",
    )
