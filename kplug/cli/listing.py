"""``kplug list``: counts or lists every component that has a name, and the problems of plugins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

import typer
from packaging.utils import canonicalize_name

from kplug.cli import lifecycles
from kplug.cli.packages import find_package
from kplug.commands.completion import complete_listed
from kplug.commands.output import (
    JsonOption,
    align,
    diverting_output,
    find_width,
    paint_warning,
    print_json,
    print_lines,
)
from kplug.display.terminal import wrap
from kplug.errors import ContractError, ResolutionError, UnknownKindError
from kplug.registry import KINDS, REGISTRY, Component, Kind, get_kind
from kplug.registry.building.roles import decide_role
from kplug.registry.kinds import COMMAND, find_kind
from kplug.registry.metadata import is_installed
from kplug.registry.problems import Problem
from kplug.registry.quoting import make_printable, quote
from kplug.registry.suggestions import did_you_mean

_MOST_LINES = 24  # of a summary, which fits the usual terminal

SubjectArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="KIND|PACKAGE",
        help="Only this kind, such as losses, or commands, or what this package offers.",
        show_default=False,
        autocompletion=complete_listed,
    ),
]
AllOption = Annotated[
    bool, typer.Option("--all", help="Print every component, not only how many there are.")
]
CountOption = Annotated[
    bool, typer.Option("--count", help="Print how many components each package offers.")
]

CheckOption = Annotated[
    bool,
    typer.Option("--check", help="Import each component; exit status 1 if anything is broken."),
]


@dataclass(frozen=True, slots=True)
class _Selection:
    """The components to list: of some kinds, and of one package or of all.

    Args:
        kinds: The kinds.
        package: The package's normalised name; empty for all packages.
    """

    kinds: list[Kind]
    package: str = ""

    def list_components(self, kind: Kind) -> list[Component]:
        """Return the components of a kind."""
        found = REGISTRY.components(kind)
        return [one for one in found if self.package in ("", one.origin.distribution)]

    def list_problems(self) -> list[Problem]:
        """Return the problems of the package, or of all."""
        found = REGISTRY.problems()
        return [one for one in found if self.package in ("", one.origin.distribution)]

    def list_refused(self) -> list[tuple[str, str, str]]:
        """Return the name and the version of each package that settings keep out, with the reason."""
        refused = REGISTRY.state.discovery.refused.items()
        return [
            (name, supplier.origin.version, reason)
            for name, (supplier, reason) in refused
            if self.package in ("", name)
        ]


def list_components(
    subject: SubjectArgument = None,
    as_json: JsonOption = False,
    is_all: AllOption = False,
    is_count: CountOption = False,
    is_check: CheckOption = False,
) -> None:
    """List the components that are installed, with the packages that offer them.

    Without an argument it says how many there are of each kind, and from which packages; --json prints all.

    Nothing is imported but the light modules of plugins that declare their components in code, unless
    --check is given.

    Example: kplug list losses

    Example: kplug list torch

    Example: kplug list --count

    Example: kplug list --check --json
    """
    chosen = _select(subject)
    checked = chosen if subject else _Selection([*chosen.kinds, COMMAND])
    broken = _find_broken(checked) if is_check else []
    if is_count and as_json:
        print_json({"counts": _count(chosen)})
    elif is_count:
        print_lines(
            f"{origin}: {', '.join(f'{n} {name}' for name, n in counts.items())}"
            for origin, counts in _count(chosen).items()
        )
    elif as_json:
        data = _as_data(chosen)
        if is_check:
            data["broken"] = [{**component_as_data(item), "message": text} for item, text in broken]
        print_json(data)
    else:
        _print_tables(chosen) if subject or is_all else _print_summary(chosen)
        print_lines((f"broken: {text}" for _, text in broken), paint_warning)
    if is_check and (broken or any(not problem.is_advice for problem in chosen.list_problems())):
        raise typer.Exit(1)


def _select(subject: str | None) -> _Selection:
    """Return what the argument of the command means.

    Raises:
        UnknownKindError: if it is neither a kind nor a package that offers something.
    """
    if subject is None:
        return _Selection(list(KINDS.values()))
    if subject in (COMMAND.name, COMMAND.plural):
        return _Selection([COMMAND])
    if (kind := find_kind(subject)) is not None:
        return _Selection([kind])
    if (package := find_package(subject)) is not None:
        return _Selection([*KINDS.values(), COMMAND], package.origin.distribution)
    if is_installed(canonicalize_name(subject)):
        raise UnknownKindError(
            f"{quote(subject)} is installed, and offers no components",
            hint="`kplug list --count` shows the packages that do.",
        )
    packages = [supplier.origin.distribution for supplier in REGISTRY.state.discovery.suppliers]
    known = [*(word for kind in KINDS.values() for word in (kind.name, kind.plural)), *packages]
    hint = f"Kinds: {', '.join(KINDS)}. `kplug list --count` shows the packages."
    raise UnknownKindError(
        f"{quote(subject)} is neither a kind nor a package that is installed",
        hint=f"{did_you_mean(subject, known)} {hint}".lstrip(),
    )


def _find_broken(chosen: _Selection) -> list[tuple[Component, str]]:
    """Return the components that cannot be imported, each with the reason."""
    broken = []
    with diverting_output():  # a module may print to stdout
        for component in (one for kind in chosen.kinds for one in chosen.list_components(kind)):
            try:
                require_usable(component)
            except (ResolutionError, ContractError) as error:
                broken.append((component, make_printable(error.message)))
    return broken


def require_usable(component: Component) -> None:
    """Import a component, and check that it can be called as its kind requires.

    Raises:
        ResolutionError: if it does not load.
        ContractError: if it cannot be called, or its role is unclear.
    """
    target = REGISTRY.load(component)
    if component.kind != COMMAND.name:
        decide_role(get_kind(component.kind), target, component)


def component_as_data(component: Component) -> dict[str, Any]:
    """Return the facts about a component that need no import, for JSON."""
    return {
        "kind": component.kind,
        "name": component.name,
        "aliases": list(component.aliases),
        "qualified_name": component.qualified_name,
        "distribution": component.origin.distribution,
        "version": component.origin.version,
        "target": component.location,
        "summary": REGISTRY.summarize(component),
        **lifecycles.as_data(REGISTRY.find_lifecycle(component)),
        "is_qualified_only": component.is_qualified_only,
    }


def _as_data(chosen: _Selection) -> dict[str, Any]:
    components = [one for kind in chosen.kinds for one in chosen.list_components(kind)]
    return {
        "components": [component_as_data(component) for component in components],
        "problems": [
            {
                "distribution": problem.origin.distribution,
                "version": problem.origin.version,
                "message": problem.message,
            }
            for problem in chosen.list_problems()
        ],
        "disabled": [
            {"distribution": name, "version": version, "reason": reason}
            for name, version, reason in chosen.list_refused()
        ],
    }


def _count(chosen: _Selection) -> dict[str, dict[str, int]]:
    """Return the number of components of each kind by package."""
    counts: dict[str, dict[str, int]] = {}
    for kind in chosen.kinds:
        for component in chosen.list_components(kind):
            row = counts.setdefault(str(component.origin), {})
            row[kind.plural] = row.get(kind.plural, 0) + 1
    return counts


def _print_summary(chosen: _Selection) -> None:
    """Print how many components of each kind the packages offer, in lines that fit one screen."""
    width = find_width()
    counts = {
        kind.plural: Counter(one.origin.distribution for one in chosen.list_components(kind))
        for kind in chosen.kinds
    }
    packages: Counter[str] = sum(counts.values(), Counter())
    column = max(map(len, counts))
    lines = [typer.style(f"{packages.total()} components of {len(packages)} packages", bold=True)]
    for plural, found in counts.items():
        head = f"  {plural:<{column}} {found.total():>5}   "
        room = None if width is None else width - len(head)
        lines.append(f"{head}{_shorten(found, room)}".rstrip())
    ways = [
        (f"kplug list {chosen.kinds[0].plural}", "each of a kind, with what it does"),
        (f"kplug list {packages.most_common()[-1][0]}", "what a package offers"),
        ("kplug list --all", "all of them"),
        ("kplug show NAME", "one of them, or a package"),
    ]
    ways_on = ["", *align(ways, width)]
    notes = _keep_some(_write_notes(chosen, width), _MOST_LINES - len(lines) - len(ways_on))
    typer.echo("\n".join([*lines, *notes, *ways_on]))


def _shorten(counts: Counter[str], room: int | None) -> str:
    """Return the packages with most components, as many as fit, and how many others there are."""
    parts = [f"{package} {count}" for package, count in counts.most_common()]
    for kept in range(len(parts), 0, -1):
        others = f" and {len(parts) - kept} more" if kept < len(parts) else ""
        text = f"{', '.join(parts[:kept])}{others}"
        if room is None or len(text) <= room:
            return text
    return ""


def _write_notes(chosen: _Selection, width: int | None) -> list[list[str]]:
    """Return the lines about each plugin that is broken or switched off."""
    notes = [
        *((f"off: {name} {version}: {why}", None) for name, version, why in chosen.list_refused()),
        *(
            (f"{'advice' if one.is_advice else 'broken'}: {one}", "yellow")
            for one in chosen.list_problems()
        ),
    ]
    return [
        [typer.style(line, fg=colour, dim=not colour) for line in wrap(make_printable(text), width)]
        for text, colour in notes
    ]


def _keep_some(notes: list[list[str]], room: int) -> list[str]:
    """Return the lines of the first notes, as many as have room, and how many others there are."""
    kept: list[str] = []
    for at, lines in enumerate(notes):
        is_last = at == len(notes) - 1
        if len(kept) + len(lines) + (not is_last) > room:
            return [*kept, f"and {len(notes) - at} more: kplug list --all"]
        kept += lines
    return kept


def _print_tables(chosen: _Selection) -> None:
    """Print a table for each kind, then plugins that are switched off or broken.

    It does without rich, whose layout of a thousand rows would dominate the time.
    """
    width = find_width()
    listed = [(kind, chosen.list_components(kind)) for kind in chosen.kinds]
    if chosen.package:
        listed = [(kind, components) for kind, components in listed if components]
    lines = [line for kind, components in listed for line in _table(kind, components, width)]
    notes = _write_notes(chosen, width)
    if not lines and not notes:
        lines = [f"{chosen.package} offers no components; `kplug show {chosen.package}` says more."]
    typer.echo("\n".join([*lines, *(line for note in notes for line in note)]))


def _table(kind: Kind, components: Sequence[Component], width: int | None) -> Iterator[str]:
    """Return the lines about a kind, with components grouped by package."""
    yield typer.style(f"{kind.plural} ({len(components)})", bold=True)
    yield ""
    column = max((len(_shown_name(component)) for component in components), default=0)
    for owner, group in groupby(components, key=lambda component: str(component.origin)):
        listed = list(group)
        lifecycle = REGISTRY.find_lifecycle_of(listed[0].origin.distribution)
        title, stage = make_printable(owner), f" ({lifecycle})" if lifecycle else ""
        has_room = width is None or len(f" {title}{stage}") <= width
        yield f" {typer.style(title, underline=True)}{stage * has_room}"
        yield from wrap(f" {stage}", width) if stage and not has_room else ()
        rows = [(_shown_name(component), _explain(component)) for component in listed]
        for line in align(rows, width, indent=3, column=column):
            yield line if listed[0].origin.is_built_in else typer.style(line, fg="green")
    yield ""


def _shown_name(component: Component) -> str:
    return component.qualified_name if component.is_qualified_only else component.name


def _explain(component: Component) -> str:
    """Return the summary, followed by the aliases and by a lifecycle of its own."""
    also = f"Also {', '.join(component.aliases)}." if component.aliases else ""
    own = f"({REGISTRY.find_lifecycle(component)})" if component.lifecycle else ""
    return " ".join(make_printable(f"{REGISTRY.summarize(component)} {also} {own}").split())
