"""``kplug list``: lists every component that has a name, and the problems of plugins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Any

import typer

from kplug.commands.completion import complete_listed
from kplug.commands.output import (
    JsonOption,
    align,
    diverting_output,
    find_width,
    print_json,
    print_lines,
)
from kplug.display.terminal import wrap
from kplug.errors import ContractError, ResolutionError
from kplug.registry import KINDS, REGISTRY, Component, Kind, get_kind
from kplug.registry.building.roles import decide_role
from kplug.registry.kinds import COMMAND
from kplug.registry.quoting import make_printable

KindArgument = Annotated[
    str | None,
    typer.Argument(
        help="Only this kind, such as losses, or commands. All kinds of component by default.",
        show_default=False,
        autocompletion=complete_listed,
    ),
]
CountOption = Annotated[
    bool, typer.Option("--count", help="Print how many components each package offers.")
]

CheckOption = Annotated[
    bool,
    typer.Option("--check", help="Import each component; exit status 1 if anything is broken."),
]


def list_components(
    kind: KindArgument = None,
    as_json: JsonOption = False,
    is_count: CountOption = False,
    is_check: CheckOption = False,
) -> None:
    """List the components that are installed, with the packages that offer them.

    Nothing is imported but the light modules of plugins that declare their components in code, unless
    --check is given.

    Example: kplug list losses

    Example: kplug list --count

    Example: kplug list --check --json
    """
    is_command = kind in (COMMAND.name, COMMAND.plural)
    kinds = [COMMAND if is_command else get_kind(kind)] if kind else list(KINDS.values())
    broken = _find_broken(kinds if kind else [*kinds, COMMAND]) if is_check else []
    if is_count and as_json:
        print_json({"counts": _count(kinds)})
    elif is_count:
        print_lines(
            f"{origin}: {', '.join(f'{n} {name}' for name, n in counts.items())}"
            for origin, counts in _count(kinds).items()
        )
    elif as_json:
        data = _as_data(kinds)
        if is_check:
            data["broken"] = [{**component_as_data(item), "message": text} for item, text in broken]
        print_json(data)
    else:
        _print_tables(kinds)
        print_lines((f"broken: {text}" for _, text in broken), colour="yellow")
    if is_check and (broken or any(not problem.is_advice for problem in REGISTRY.problems())):
        raise typer.Exit(1)


def _find_broken(kinds: list[Kind]) -> list[tuple[Component, str]]:
    """Return the components that cannot be imported, each with the reason."""
    broken = []
    with diverting_output():  # a module may print to stdout
        for component in (item for kind in kinds for item in REGISTRY.components(kind)):
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
        "deprecated": component.deprecated,
        "is_qualified_only": component.is_qualified_only,
    }


def _as_data(kinds: list[Kind]) -> dict[str, Any]:
    components = [component for kind in kinds for component in REGISTRY.components(kind)]
    refused = REGISTRY.state.discovery.refused
    return {
        "components": [component_as_data(component) for component in components],
        "problems": [
            {
                "distribution": problem.origin.distribution,
                "version": problem.origin.version,
                "message": problem.message,
            }
            for problem in REGISTRY.problems()
        ],
        "disabled": [
            {"distribution": name, "version": supplier.origin.version, "reason": reason}
            for name, (supplier, reason) in refused.items()
        ],
    }


def _count(kinds: list[Kind]) -> dict[str, dict[str, int]]:
    """Return the number of components of each kind by package."""
    counts: dict[str, dict[str, int]] = {}
    for kind in kinds:
        for component in REGISTRY.components(kind):
            row = counts.setdefault(str(component.origin), {})
            row[kind.plural] = row.get(kind.plural, 0) + 1
    return counts


def _print_tables(kinds: list[Kind]) -> None:
    """Print a table for each kind, then plugins that are switched off or broken.

    It does without rich, whose layout of a thousand rows would dominate the time.
    """
    width = find_width()
    lines = [line for kind in kinds for line in _table(kind, width)]
    for name, (supplier, reason) in REGISTRY.state.discovery.refused.items():
        off = f"off: {name} {supplier.origin.version}: {reason}"
        lines += [typer.style(line, dim=True) for line in wrap(off, width)]
    for problem in REGISTRY.problems():
        label = "advice" if problem.is_advice else "broken"
        found = wrap(make_printable(f"{label}: {problem}"), width)
        lines += [typer.style(line, fg="yellow") for line in found]
    typer.echo("\n".join(lines))


def _table(kind: Kind, width: int | None) -> Iterator[str]:
    """Return the lines about a kind, with components grouped by package."""
    components = REGISTRY.components(kind)
    yield typer.style(f"{kind.plural} ({len(components)})", bold=True)
    yield ""
    column = max((len(_shown_name(component)) for component in components), default=0)
    for owner, group in groupby(components, key=lambda component: str(component.origin)):
        yield f" {typer.style(make_printable(owner), underline=True)}"
        listed = list(group)
        rows = [(_shown_name(component), _explain(component)) for component in listed]
        for line in align(rows, width, indent=3, column=column):
            yield line if listed[0].origin.is_built_in else typer.style(line, fg="green")
    yield ""


def _shown_name(component: Component) -> str:
    return component.qualified_name if component.is_qualified_only else component.name


def _explain(component: Component) -> str:
    """Return the summary, followed by the aliases."""
    also = f"Also {', '.join(component.aliases)}." if component.aliases else ""
    return " ".join(make_printable(f"{REGISTRY.summarize(component)} {also}").split())
