"""Translates operations between tensors, which Keras 3 writes as objects.

In Keras 3 an object holds some arguments of its function, and its calls have the others. In kplug's layer
each call has all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kplug.dialect.operation_classes import OperationClass, find_class_of, find_operation_of
from kplug.errors import WeightsError
from kplug.registry.quoting import shorten
from kplug.support.nested import find_leaves

OPERATION = "TensorOperation"

# Defaults in which Keras's class differs from its function.
_DEFAULTS = {"multi_hot": {"dtype": "float32"}, "one_hot": {"dtype": "float32"}}


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is Keras 3's for an operation, not for a layer of that name."""
    return str(entry.get("module")).startswith(("keras.src.ops", "keras.ops"))


def read_operation(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return Keras 3's entry of an operation as kplug's layer, with all arguments in its calls.

    Raises:
        WeightsError: kplug has no such function or argument, or the object holds a non-literal.

    Example:
        >>> node = {"args": ["x"], "kwargs": {}}
        >>> entry = {"class_name": "Sum", "config": {"name": "s", "axis": 1}, "inbound_nodes": [node]}
        >>> read_operation(entry)["config"], read_operation(entry)["inbound_nodes"]
        ({'name': 's', 'operation': 'sum'}, [{'args': ['x'], 'kwargs': {'axis': 1}}])
    """
    given = entry.get("config")
    held = dict(given) if isinstance(given, Mapping) else {}
    name, nodes = held.pop("name", None), list(entry.get("inbound_nodes") or ())
    found = find_operation_of(entry["class_name"])
    if found is None or not all(isinstance(node, Mapping) for node in nodes):
        raise _refuse(name, entry["class_name"], "no function of kplug.ops that a file can name")
    arguments = _check_held(found, name, held)
    config = {"name": name, "operation": found.operation}
    calls = [_join(found, arguments, node) for node in nodes]
    return {"class_name": OPERATION, "config": config, "inbound_nodes": calls}


def _check_held(found: OperationClass, name: object, held: Mapping[str, Any]) -> dict[str, Any]:
    unknown = {key: value for key, value in held.items() if key not in found.held and value}
    objects = [key for key, value in held.items() if next(find_leaves(value, dict), None)]
    if objects:
        raise _refuse(
            name, found.class_name, f"an object as {objects[0]!r}; a file names literals alone"
        )
    if unknown:
        raise _refuse(
            name, found.class_name, f"the arguments {unknown!r}, which the function here lacks"
        )
    return {key: held[key] for key in found.parameters if key in found.held and key in held}


def _refuse(name: object, class_name: object, what: str) -> WeightsError:
    return WeightsError(
        f"operation {shorten(repr(name))} of the class {shorten(str(class_name))} has {what}",
        hint="Build the model in code, and load its weights with load_weights.",
    )


def _join(
    found: OperationClass, arguments: Mapping[str, Any], node: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a call with the object's arguments added: by position before an operand, else by name."""
    args, operands, named = [], list(node.get("args", ())), dict(arguments)
    for key in found.parameters:
        if not operands:
            break
        if key in found.held:
            args.append(named.pop(key, None))
        else:
            args.append(operands.pop(0))
    kwargs = {**named, **(node.get("kwargs") or {})}
    return {**node, "args": [*args, *operands], "kwargs": kwargs}


def write_operation(config: Mapping[str, Any], nodes: Sequence[Any]) -> dict[str, Any] | None:
    """Return kplug's layer as Keras 3's entry of an operation, or ``None`` if Keras has no such class.

    Args:
        config: The layer's configuration.
        nodes: Its calls in Keras 3's form, which must agree on the arguments that the object holds.
    """
    found = find_class_of(config["operation"])
    if found is None:
        return None
    parts = [_take_apart(found, node) for node in nodes]
    held = parts[0][0] if parts else {}
    has_objects = next(find_leaves(list(held.values()), dict), None) is not None
    if has_objects or any(other != held for other, _ in parts):
        return None
    return {
        "module": found.module,
        "class_name": found.class_name,
        "config": {"name": config["name"], **_DEFAULTS.get(found.operation, {}), **held},
        "registered_name": found.class_name,
        "inbound_nodes": [node for _, node in parts],
    }


def _take_apart(
    found: OperationClass, node: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments that the object holds, and the call with the others."""
    args, kwargs = list(node["args"]), dict(node["kwargs"])
    named = dict(zip(found.parameters, args, strict=False))
    held = {key: value for key, value in {**named, **kwargs}.items() if key in found.held}
    rest = [value for key, value in named.items() if key not in held]
    call = {
        **node,
        "args": [*rest, *args[len(named) :]],
        "kwargs": {key: value for key, value in kwargs.items() if key not in held},
    }
    return held, call
