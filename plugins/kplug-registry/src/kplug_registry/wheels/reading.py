"""`read_wheel`: reads everything that a site states about a wheel."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kplug import Component, get_kind, lookup_key
from kplug.errors import RegistrationError, UnknownKindError
from kplug.inspection import LIFECYCLE_GROUP, Lifecycle
from kplug_registry.placement import PlacedFile, list_packages
from kplug_registry.site_format import (
    ComponentEntry,
    ContractResults,
    DrawnComponent,
    WheelFile,
    hash_stream,
)
from kplug_registry.wheels.archive import LIMITS, Limits, WheelArchive
from kplug_registry.wheels.attestations import Attestation, read_attestations
from kplug_registry.wheels.author_facts import (
    add_statements,
    facts_path,
    list_entries,
    list_pictures,
    read_facts,
)
from kplug_registry.wheels.check_report import SuppliedResults, read_check_report
from kplug_registry.wheels.code import LONGEST_LINE, WheelCode, make_writable
from kplug_registry.wheels.declared_components import DeclaredComponent
from kplug_registry.wheels.entry_points import MOST_COMPONENTS, list_names, read_entry_points
from kplug_registry.wheels.foreign_files import check_placement
from kplug_registry.wheels.lifecycles import add_lifecycles
from kplug_registry.wheels.metadata import WheelMetadata, find_metadata_folder, read_metadata
from kplug_registry.wheels.record import check_record
from kplug_registry.wheels.recorded_numbers import read_numbers

_DIVIDE = "Divide it into several distributions."
_OTHER_CONTRACT = re.compile(r"kplug\d")
_MOST_TEXT = 8_000_000  # characters about components that files and pages of a site have
_NO_COMPONENTS = ("commands", "modules", LIFECYCLE_GROUP.partition(".")[2])


@dataclass(frozen=True, slots=True)
class WheelContents:
    """The contents of a wheel that a site needs.

    Args:
        path: Its path.
        file: Its name, hash and size, and the hash of its metadata.
        metadata: Its metadata.
        packages: Its top-level packages and modules, in lower case.
        components: Its components, by kind and name.
        drawn: The components with a picture.
        pictures: The pictures, by hash.
        results: Results of the contract suite, if any.
        numbers: What its components compute, as ``numbers.json`` has it; empty without that file.
        supplied: Results of the contract suite that came with it.
        lifecycle: Its lifecycle, if it states one.
        is_library: Whether it has no entry points in kplug's groups.
        attestations: Those that came with it.
    """

    path: Path
    file: WheelFile
    metadata: WheelMetadata
    packages: tuple[str, ...]
    components: tuple[ComponentEntry, ...]
    drawn: tuple[DrawnComponent, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    results: ContractResults | None = None
    numbers: bytes = b""
    supplied: tuple[SuppliedResults, ...] = ()
    lifecycle: Lifecycle | None = None
    is_library: bool = False
    attestations: tuple[Attestation, ...] = ()


def read_wheel(
    path: Path, declared: Iterable[DeclaredComponent] = (), limits: Limits = LIMITS
) -> WheelContents:
    """Return the contents of a wheel, without running or importing anything in it.

    Args:
        path: The file.
        declared: The components that its module of hooks declares, according to its publisher; those of
            other distributions and versions are ignored.
        limits: The limits of its size.

    Raises:
        WheelError: if it is broken, too large or inconsistent, offers unreadable components, or reaches
            beyond its own packages.
    """
    with WheelArchive(path, limits) as archive:
        folder = find_metadata_folder(archive)
        metadata = read_metadata(archive, folder)
        check_record(archive, folder)
        check_placement(archive, folder, metadata)
        packages = list_packages(map(PlacedFile.from_wheel, archive.names))
        groups = read_entry_points(archive, folder)
        code = WheelCode(archive)
        static = list(_list_static(archive, groups))
        hook = _find_hook(archive, groups, code)
        file = _describe_file(path, metadata.text)
        facts = read_facts(archive, file.sha256, metadata)
        own = [item.entry for item in declared if _is_of(item, metadata)]
        if facts is not None:
            stated = list_entries(archive, facts, static, hook is not None)
            alone = {entry.target for entry in stated} - {entry.target for entry in static}
            entries = _merge(archive, stated, alone)
        elif hook is None or own:
            entries = _merge(archive, [*static, *own])
        else:
            archive.refuse(
                f"{hook} declares components in code, which is not run here",
                f"Where the plugin is installed in this version, write `kplug facts {path.name}`, and give "
                "its file with the wheel. Who runs the registry may write "
                "`kplug list --json > components.json`, and give `--components components.json`.",
            )
        lifecycle, entries = add_lifecycles(archive, groups, metadata.lifecycle, entries)
        texts = (_describe(entry, code, facts is not None) for entry in entries)
        found = texts if facts is None else add_statements(texts, facts)
        described = tuple(_check_texts(archive, found, metadata))
        drawn, pictures = ((), {}) if facts is None else list_pictures(archive, described, facts)
        numbers = read_numbers(archive, metadata.name, described)
    results = None if facts is None else facts.results
    return WheelContents(
        path,
        file,
        metadata,
        packages,
        described,
        drawn,
        pictures,
        numbers=numbers,
        supplied=()
        if results is None
        else read_check_report(results.encode(), facts_path(path).name),
        lifecycle=lifecycle,
        is_library=not groups,
        attestations=read_attestations(path, file.sha256),
    )


def _is_of(component: DeclaredComponent, metadata: WheelMetadata) -> bool:
    return (component.distribution, component.version) == (metadata.name, metadata.version)


def _list_static(
    archive: WheelArchive, groups: Mapping[str, Mapping[str, str]]
) -> Iterator[ComponentEntry]:
    """Yield a component for each entry point of a kind."""
    for other in (group for group in groups if _OTHER_CONTRACT.match(group)):
        archive.refuse(
            f"its group {other!r} is of another version of kplug's contract with plugins"
        )
    for group, name, target in list_names(groups):
        plural = group.removeprefix("kplug.")
        if plural in _NO_COMPONENTS:
            continue
        try:
            found = Component(name, target, kind=get_kind(plural).name)
        except UnknownKindError:
            archive.refuse(
                f"its group {group[:80]!r} is of no kind that is known here. Publish where the plugin "
                "that adds the kind is installed"
            )
        except RegistrationError as error:
            archive.refuse(f"{group}: {error.message}. {error.hint}")
        yield ComponentEntry(found.kind, found.name, target)


def _find_hook(
    archive: WheelArchive, groups: Mapping[str, Mapping[str, str]], code: WheelCode
) -> str | None:
    """Return a hook that declares components in code, or None; refuse a wheel without the module."""
    found: str | None = None
    modules = [target.partition(":")[0].strip() for target in groups.get("kplug", {}).values()]
    for module in modules:
        if code.find_module(module) is None:
            archive.refuse(f"its module of hooks {module[:80]!r} is not in the wheel")
        hooks = (name for name in code.list_functions(module) if _offers_components(name))
        found = found or next((f"{module}.{name}" for name in hooks), None)
    return found


def _offers_components(hook: str) -> bool:
    if hook == "kplug_components":
        return True
    try:
        return hook.startswith("kplug_") and bool(get_kind(hook.removeprefix("kplug_")))
    except UnknownKindError:
        return False


def _merge(
    archive: WheelArchive, entries: list[ComponentEntry], alone: Container[str] = ()
) -> list[ComponentEntry]:
    """Return one entry for each target, with further names as aliases; refuse ambiguous names.

    Args:
        archive: The wheel.
        entries: The components, some of them perhaps under several names.
        alone: Targets that several components have, such as ``functools:partial``.
    """
    names = sum(1 + len(entry.aliases) for entry in entries)
    if names > MOST_COMPONENTS:
        archive.refuse(
            f"it declares {names} names of components, and {MOST_COMPONENTS} are allowed", _DIVIDE
        )
    by_target: dict[tuple[str, str, str], list[ComponentEntry]] = {}
    owners: dict[tuple[str, str], tuple[str, str, str]] = {}
    for entry in entries:
        place = entry.kind, entry.target, entry.name if entry.target in alone else ""
        by_target.setdefault(place, []).append(entry)
        for name in (entry.name, *entry.aliases):
            if owners.setdefault((entry.kind, lookup_key(name)), place) != place:
                archive.refuse(f"the {entry.kind} {name!r} is declared twice, with two targets")
    joined = (_join(same) for same in by_target.values())
    return sorted(joined, key=lambda entry: (entry.kind, lookup_key(entry.name)))


def _join(same: list[ComponentEntry]) -> ComponentEntry:
    if len(same) == 1:
        return same[0]
    attribute = lookup_key(same[0].target.rpartition(":")[2].rpartition(".")[2])
    main = min(same, key=lambda entry: (lookup_key(entry.name) != attribute, entry.name))
    stated = next((entry for entry in same if entry.lifecycle), main)
    names = {name for entry in same for name in (entry.name, *entry.aliases)} - {main.name}
    return replace(
        main,
        aliases=tuple(sorted(names)),
        summary=next((entry.summary for entry in same if entry.summary), ""),
        lifecycle=stated.lifecycle,
        successor=stated.successor,
        is_qualified_only=any(entry.is_qualified_only for entry in same),
    )


def _check_texts(
    archive: WheelArchive, entries: Iterable[ComponentEntry], metadata: WheelMetadata
) -> Iterator[ComponentEntry]:
    """Yield components until their texts are more than a site takes.

    Each name has a file, which repeats the requirements.
    """
    total, requires = 0, sum(map(len, metadata.requires))
    for entry in entries:
        repeated = len(entry.signature) + len(entry.summary) + len(entry.example) + requires
        total += len(entry.documentation) + (1 + len(entry.aliases)) * repeated
        if total > _MOST_TEXT:
            archive.refuse(
                f"documentation, signatures and requirements of its components have {total} characters "
                f"with {entry.kind} {entry.name!r}, and {_MOST_TEXT} are allowed",
                _DIVIDE,
            )
        yield entry


def _describe(entry: ComponentEntry, code: WheelCode, is_stated: bool) -> ComponentEntry:
    found = code.describe(entry.target, is_stated)
    return replace(
        entry,
        signature=make_writable(found.signature),
        summary=make_writable(entry.summary or found.summary)[:LONGEST_LINE],
        documentation=make_writable(found.documentation),
    )


def _describe_file(path: Path, metadata: bytes) -> WheelFile:
    with path.open("rb") as stream:
        digest = hash_stream(stream)
    size = path.stat().st_size
    return WheelFile(path.name, digest, size, hashlib.sha256(metadata).hexdigest())
