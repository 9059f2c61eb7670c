"""The command ``kplug schema``: writes the JSON Schema of components in configurations."""

from __future__ import annotations

import ast
import inspect
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kplug import Component, Kind
from kplug.commands import diverting_output
from kplug.display.messages import make_printable
from kplug.errors import KplugError
from kplug.inspection import (
    KINDS,
    Searched,
    find_search_ranges,
    find_spec_parameters,
    load,
    summarize,
    write_range,
)
from kplug.names import type_of_names
from kplug_authoring.commands.stubs.annotations import write_argument_type
from kplug_authoring.commands.stubs.module_text import find_names
from kplug_authoring.commands.stubs.signatures import read_types

_Schema = dict[str, Any]
_TYPES = {
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "str": "string",
    "None": "null",
    "dict": "object",
    "Mapping": "object",
}
_FORMS = ("name", "args")  # arguments of these names have to stand in the long form

FileArgument = Annotated[
    Path | None,
    typer.Argument(help="The file to write. By default it is printed.", show_default=False),
]


def schema(file: FileArgument = None) -> None:
    """Write the JSON Schema of the installed components, from which editors complete YAML and JSON files.

    The file that it describes has the keys loss, optimizer, metrics, weighted_metrics and callbacks, with
    components as texts or as {name: adam, lr: 0.01}. Schemas of other files refer to '#/$defs/loss' and so
    on. Components are imported for their arguments.

    Example: kplug schema kplug.schema.json
    """
    failures: list[str] = []
    with diverting_output():  # a module may print to stdout
        text = json.dumps(make_schema(failures), indent=1, ensure_ascii=False)
    for message in failures:
        typer.secho(make_printable(f"broken: {message}"), fg="yellow", err=True)
    if file is None:
        typer.echo(text)
        return
    try:
        file.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise KplugError(
            f"{str(file)!r} cannot be written: {error.strerror or error}",
            hint="Give a file in a folder that exists.",
        ) from error


def make_schema(failures: list[str]) -> _Schema:
    """Return the schema.

    Args:
        failures: A list to which failures of components are added, in words.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Components of a training",
        "type": "object",
        "properties": _describe_training(),
        "$defs": {name: _describe_kind(kind, failures) for name, kind in KINDS.items()},
    }


def _describe_training() -> _Schema:
    """Return the schemas of what ``compile`` and ``fit`` take."""
    nothing, loss, metric = {"type": "null"}, _refer("loss"), _refer("metric")
    metrics = _any(metric, _list(_any(metric, nothing)), nothing)
    each_metrics = _any(metric, _list(metrics), _by_output(metrics))
    callback = _refer("callback")
    return {
        "loss": _any(loss, _list(_any(loss, nothing)), _by_output(loss)),
        "optimizer": _refer("optimizer"),
        "metrics": each_metrics,
        "weighted_metrics": each_metrics,
        "callbacks": _any(callback, _list(callback)),
    }


def _refer(kind: str) -> _Schema:
    return {"$ref": f"#/$defs/{kind}"}


def _any(*schemas: _Schema) -> _Schema:
    return {"anyOf": [*schemas]}


def _list(items: _Schema) -> _Schema:
    return {"type": "array", "items": items}


def _by_output(entry: _Schema) -> _Schema:
    return {"type": "object", "not": {"required": ["name"]}, "additionalProperties": entry}


def _describe_kind(kind: Kind, failures: list[str]) -> _Schema:
    """Return the schema of a component: a text, a mapping with its arguments, or one with ``args``."""
    names = find_names(kind)
    every = sorted({name for each in names.values() for name in each}, key=lambda n: ("/" in n, n))
    with_args = {
        "type": "object",
        "required": ["name", "args"],
        "properties": {"name": {"enum": every}, "args": {"type": "object"}},
        "additionalProperties": False,
    }
    flat = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"enum": every}},
        "not": {"required": ["args"]},
        "allOf": [
            {"if": {"properties": {"name": {"enum": texts}}}, "then": found}
            for component, texts in names.items()
            if (found := _describe_component(kind, component, failures))
        ],
    }
    text = _any({"enum": every}, {"type": "string", "pattern": "[(*+]"})
    return {"description": kind.with_article, **_any(text, flat, with_args)}


def _describe_component(kind: Kind, component: Component, failures: list[str]) -> _Schema | None:
    """Return the schema of a mapping with the arguments of a component; None if it cannot be loaded."""
    try:
        target = load(component)
        parameters = find_spec_parameters(kind, target, component)
    except KplugError as error:
        failures.append(str(error))
        return None
    described = {"description": summarize(component)}
    if parameters is None:
        return described
    hints, several = read_types(target), [one.kind for one in parameters.values()]
    ranges = find_search_ranges(component)
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = [
        one for one in parameters.values() if one.kind not in variadic and one.name not in _FORMS
    ]
    return {
        **described,
        "required": [one.name for one in named if one.default is one.empty],
        "properties": {
            "name": {},
            **{one.name: _describe(one, hints, ranges.get(one.name)) for one in named},
        },
        "additionalProperties": inspect.Parameter.VAR_KEYWORD in several,
    }


def _describe(
    parameter: inspect.Parameter, hints: dict[str, Any], searched: Searched | None
) -> _Schema:
    """Return the schema of an argument; an empty one, which allows all, if its type is unclear."""
    default = ... if parameter.default is parameter.empty else parameter.default
    hint = hints.get(parameter.name, parameter.annotation)
    text = write_argument_type(parameter.name, hint, default)
    members = [_translate(part) for part in _list_members(ast.parse(text, mode="eval").body)]
    found = {} if {} in members else _any(*(one for one in members if one is not None))
    is_finite = isinstance(default, float) and math.isfinite(default)
    if default is None or type(default) in (bool, int, str) or is_finite:
        found["default"] = default
    if searched is not None:  # no minimum and maximum: values outside it are allowed
        found["description"] = f"Worth a search: {write_range(searched)}."
    return found


def _list_members(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from _list_members(node.left)
        yield from _list_members(node.right)
    else:
        yield node


def _translate(node: ast.expr) -> _Schema | None:
    """Return the schema of a member of a type; None for one that another member stands for."""
    text = ast.unparse(node)
    kind = {type_of_names(kind): name for name, kind in KINDS.items()}.get(text)
    if kind is not None:
        return _refer(kind)
    if text in ("Spec", "Mapping[str, Any]"):
        return None  # the definition of the kind allows them
    owner = ast.unparse(node.value) if isinstance(node, ast.Subscript) else text
    if isinstance(node, ast.Subscript) and owner == "Literal":
        values = ast.literal_eval(node.slice)
        return {"enum": list(values) if isinstance(values, tuple) else [values]}
    if isinstance(node, ast.Subscript):
        return {"type": _TYPES.get(owner, "array")}
    return {"type": _TYPES[text]} if text in _TYPES else {}
