"""``kplug show``: shows a component's signature, documentation and owner, or facts about a package."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kplug.cli import lifecycles
from kplug.cli.listing import component_as_data
from kplug.cli.packages import describe_package, find_package, write_package
from kplug.commands.completion import complete_component, complete_kind
from kplug.commands.output import JsonOption, find_width, print_json, print_lines
from kplug.display.characters import draw
from kplug.display.terminal import wrap
from kplug.errors import (
    DisabledComponentError,
    KplugError,
    PolicyError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.registry import KINDS, REGISTRY, Component, Kind, Spec, get_kind, look_up, parse_spec
from kplug.registry.building.binding import describe_signature
from kplug.registry.building.roles import decide_role
from kplug.registry.building.search_ranges import find_search_ranges
from kplug.registry.metadata import read_licence
from kplug.registry.names.explanations import find_kinds
from kplug.registry.names.lookup_suggestions import (
    list_packages,
    list_switched_off,
    suggest_component,
)
from kplug.registry.quoting import quote
from kplug.registry.ranges import Range, Searched, write_range
from kplug.registry.spec import SUM

if TYPE_CHECKING:
    from kplug.curves.curve import Curve

CURVED = (
    "loss",
    "regularizer",
    "activation",
    "initializer",
    "schedule",
    "constraint",
    "optimizer",
)

NameArgument = Annotated[
    str,
    typer.Argument(
        help="A name such as dice_loss or kplug/adam, or a package.",
        autocompletion=complete_component,
    ),
]
KindOption = Annotated[
    str | None,
    typer.Option(
        "--kind",
        help="The kind that is meant, where the name has several.",
        autocompletion=complete_kind,
    ),
]


PlotOption = Annotated[
    Path | None,
    typer.Option("--plot", help="Write the curve into this PNG or SVG.", show_default=False),
]


def show(
    name: NameArgument,
    kind: KindOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a component: its arguments, documentation, package, licence and file; or show a package.

    This imports the module that the component lives in. Losses, regularizers, activations, initializers,
    schedules, constraints and optimizers are drawn as a curve, for which the component is made and
    called: give the arguments that have no default. Of a sum, such as '0.5*dice + bce', each term is shown.

    Example: kplug show 'exponential_decay(0.1, 100, 0.9)' --plot decay.png

    Example: kplug show torch
    """
    package = None if kind or plot else find_package(name)
    if package is not None and not find_kinds(Spec(name)):
        facts = describe_package(package)
        print_json({"package": facts}) if as_json else print_lines(write_package(facts))
        return
    spec = parse_spec(name)
    terms = spec.kwargs.get("terms", ()) if spec.ref == SUM else ()
    shown = [(spec, *one) for one in _find(spec, kind)]
    shown += [(term, *one) for term in terms for one in _find(term, "loss")]
    found = [(each, describe(each, component)) for _, each, component in shown]
    curves = [
        find_curve(each, facts, part)
        for (part, _, _), (each, facts) in zip(shown, found, strict=True)
    ]
    if plot is not None:
        _plot(plot, found, curves)
    if as_json:
        rows = [{**facts, "curve": vars_of(c)} for (_, facts), c in zip(found, curves, strict=True)]
        print_json({"components": rows})
        return
    for (_, facts), curve in zip(found, curves, strict=True):
        _print(facts, curve)
    if not terms and len(found) > 1:
        kinds = [each for each, _ in found]
        text = f"{quote(spec.ref)} is {name_kinds(kinds)}: --kind {kinds[0].name} shows that alone."
        print_lines([text])


def name_kinds(kinds: Sequence[Kind]) -> str:
    """Return kinds in words.

    Example:
        >>> name_kinds([KINDS["loss"], KINDS["metric"]])
        'a loss and a metric'
    """
    *others, last = [kind.with_article for kind in kinds]
    return f"{', '.join(others)} and {last}" if others else last


def find_curve(kind: Kind, facts: dict[str, Any], spec: Spec) -> Curve | str | None:
    """Return the curve of a component, or why there is none; None for kinds without curves."""
    if kind.name not in CURVED:
        return None
    from kplug.curves.sampling import sample  # imports torch

    try:
        curve = sample(kind, Spec(facts["qualified_name"], spec.args, spec.kwargs))
    except KplugError as error:
        return f"no curve: {error.message}. Give its arguments: kplug show '{facts['name']}(…)'"
    return curve or "no curve: it is no function of one number"


def _find(spec: Spec, kind: str | None) -> list[tuple[Kind, Component]]:
    """Return the component with the name, for each kind that has one."""
    kinds = [get_kind(kind)] if kind else list(KINDS.values())
    found, switched_off, misses = [], [], []
    for record in kinds:
        try:
            found.append((record, look_up(record, spec).component))
        except (UnknownComponentError, WrongKindError) as error:
            misses.append(error)
        except (DisabledComponentError, PolicyError) as error:
            switched_off.append(error)
    if found:
        return found
    if switched_off:
        raise switched_off[0]
    raise misses[0] if kind else unknown_component(spec.ref)


def unknown_component(name: str) -> UnknownComponentError:
    """Return the error for a name that no kind has."""
    everything = [item for kind in KINDS.values() for item in REGISTRY.components(kind)]
    packages = list_packages(REGISTRY, "", Spec(name))
    advice = f"{suggest_component(name, everything)}`kplug list` shows what is installed."
    return UnknownComponentError(
        f"no component is named {quote(name)}",
        kind="",
        ref=name,
        hint="\n  ".join((*packages, advice, *list_switched_off(REGISTRY))),
    )


def describe(kind: Kind, component: Component) -> dict[str, Any]:
    """Return all facts about a component that JSON can hold; imports its module."""
    target = REGISTRY.load(component)
    origin, ranges = component.origin, find_search_ranges(component)
    return {
        **component_as_data(component),
        "role": decide_role(kind, target, component),
        "arguments": [
            {
                "name": argument,
                "default": default or None,
                "required": not default,
                "search": _range_as_data(ranges.get(argument)),
            }
            for argument, default in describe_signature(kind, target, component)
        ],
        "documentation": _documentation(target),
        **dict(zip(("file", "line"), _find_source(target), strict=True)),
        "licence": read_licence(origin.distribution),
        "editable": origin.is_editable,
        "commit": origin.commit,
    }


def _range_as_data(values: Searched | None) -> dict[str, Any] | None:
    if isinstance(values, Range):
        return asdict(values)
    return None if values is None else {"choices": list(values)}


def _read_range(data: dict[str, Any]) -> Searched:
    return tuple(data["choices"]) if "choices" in data else Range(**data)


def _find_source(target: Any) -> tuple[str | None, int | None]:
    """Return the file and line of an object's definition, if it is Python code."""
    made = inspect.unwrap(_unwrap(target)) if callable(target) else type(target)
    try:
        return inspect.getsourcefile(made), inspect.getsourcelines(made)[1]
    except (TypeError, OSError, ValueError):  # an instance, C code, or a removed file
        return None, None


def _unwrap(target: Any) -> Any:
    while isinstance(target, functools.partial):
        target = target.func
    return target


def _documentation(target: Any) -> str:
    """Return the object's own docstring, not an inherited one."""
    target = _unwrap(target)
    return inspect.cleandoc(target.__doc__ or "")


def format_signature(facts: dict[str, Any]) -> str:
    """Return a component as a spec, such as ``huber(delta=1.0)``, from the result of ``describe``."""
    return f"{facts['name']}({', '.join(format_arguments(facts))})"


def format_arguments(facts: dict[str, Any]) -> list[str]:
    """Return each argument as in a spec."""
    return [
        item["name"] if item["required"] else f"{item['name']}={item['default']}"
        for item in facts["arguments"]
    ]


def _plot(
    path: Path, found: list[tuple[Kind, dict[str, Any]]], curves: list[Curve | str | None]
) -> None:
    from kplug.curves.drawing import plot

    pairs = zip(found, curves, strict=True)
    drawn = [(f"{f['kind']} {f['name']}", c) for (_, f), c in pairs if c and not isinstance(c, str)]
    if not drawn:
        reason = next(filter(None, curves), f"no curve: kinds with one are {', '.join(CURVED)}")
        raise KplugError(f"{path} was not written: {reason}")
    plot(path, drawn)


def vars_of(curve: Curve | str | None) -> dict[str, Any] | None:
    """Return a curve for JSON; None without one."""
    return None if curve is None or isinstance(curve, str) else asdict(curve)


def _draw(curve: Curve | str) -> list[str]:
    if isinstance(curve, str):
        return [curve]
    columns = min(find_width() or 60, 60)
    try:
        "⣿│".encode(sys.stdout.encoding or "ascii")
        marks = ""
    except UnicodeEncodeError:
        marks = "*"
    return draw([(curve.x, curve.y)], (curve.x_label, curve.y_label), columns, marks)


def _print(facts: dict[str, Any], curve: Curve | str | None) -> None:
    typer.secho("\n".join(wrap(format_signature(facts), find_width())), bold=True)
    rows = {
        "kind": facts["kind"],
        "package": f"{facts['distribution']} {facts['version']}"
        + (" (editable)" if facts["editable"] else "")
        + (f" at {facts['commit']}" if facts["commit"] else ""),
        "also": ", ".join(facts["aliases"]),
        "write": f"{facts['qualified_name']!r}, which no other package can take over",
        "lives in": facts["target"],
        "file": f"{facts['file']}:{facts['line']}" if facts["file"] else "",
        "licence": facts["licence"],
        "lifecycle": lifecycles.write(facts),
        "search": ", ".join(
            f"{item['name']} {write_range(_read_range(item['search']))}"
            for item in facts["arguments"]
            if item["search"]
        ),
    }
    for label, text in rows.items():
        if text:
            print_lines([f"  {label:<10} {text}"])
    if curve:
        print_lines(["", *_draw(curve)])
    if facts["documentation"]:
        print_lines(["", *facts["documentation"].splitlines()])
    typer.echo()
