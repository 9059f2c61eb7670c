"""Builds the rows of a model's component table from its current slots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch.nn.parameter import is_lazy

from kplug.errors import SpecError
from kplug.layers.base.layer import Layer
from kplug.registry import REGISTRY, Component, Resolved, Spec, get_kind
from kplug.registry.building.recorded_lookups import drop_own, find_look_ups
from kplug.registry.building.resolved import ask_for_config, write_briefly
from kplug.registry.building.reverse_lookup import find_component_of
from kplug.registry.component import USER_CODE
from kplug.registry.loading.running_builds import find_owner, find_running_version
from kplug.registry.names.built_ins import is_built_in_class
from kplug.regularizers.weight_rules import list_weight_rules
from kplug.training.compiled import Compiled
from kplug.training.component_table import ComponentRow, ComponentTable

# Loggers such as MLflow's take no brackets in a name.
_IN_BRACKETS = re.compile(r"\['?(.*?)'?\]")
_MOST_WEIGHTS = 10_000_000  # of a layer with a spec: who reads a component makes it several times


def list_components(model: Any, compiled: Compiled | None) -> ComponentTable:
    """Return the table of a model: the slots of ``compile``, then those of its layers."""
    slots = compiled.slots if compiled is not None else ()
    rows = [row for filled in slots for row in describe(filled.slot, filled.resolved)]
    return ComponentTable([*rows, *describe_layers(model)])


def describe_layers(model: Any) -> list[ComponentRow]:
    """Return the rows of the layers' components, including nested components and plugins' layers.

    Components of the model itself come after those of its layers, under the model's name.
    """
    rows: list[ComponentRow] = []
    seen: set[int] = set()
    in_slots: set[int] = set()  # layers already listed by their slot
    for owner in [*list_layers(model), *_list_models(model)]:
        for path, module in owner.named_modules():
            if id(module) in seen:
                continue
            seen.add(id(module))
            where = f"{owner.name}.{path}" if path else owner.name
            supplied = _find_supplied(module)
            if supplied is not None and id(module) not in in_slots:
                rows.append(_describe_supplied(where, module, supplied))
            for name, slot in getattr(module, "slots", {}).items():
                if slot.resolved is not None and not slot.is_idle and id(slot) not in seen:
                    seen.add(id(slot))
                    if not slot.resolved.component.origin.is_custom:
                        in_slots.add(id(slot.resolved.object))
                    rows += describe(f"{where}.{name}", slot.resolved)
            for place, found in list_weight_rules(module).items():
                rows += describe(f"{where}.{place}", found)
            origin = USER_CODE if supplied is None else supplied.origin
            for place, found in drop_own(origin, find_look_ups(module)).items():
                if found.kind != "layer" and id(found) not in seen:  # layers are among the modules
                    seen.add(id(found))
                    rows += describe(f"{where}.{place}", found)
    return rows


def describe(slot: str, resolved: Resolved) -> list[ComponentRow]:
    """Return the row of a resolved component, and those of the components inside it."""
    written = write_briefly(resolved.written)
    is_of_plugin = not (
        resolved.component.origin.is_built_in or resolved.component.origin.is_custom
    )
    spec = write_spec(resolved.spec) if is_of_plugin else ""
    row = _make_row(slot, resolved.component, resolved.arguments, resolved.rule, written, spec)
    inner = [
        inner_row
        for name, child in resolved.parts.items()
        for inner_row in describe(f"{slot}.{name}", child)
    ]
    return [row, *inner]


def _find_supplied(module: Any) -> Component | None:
    """Return the component that a layer is; None if a file's plain name for its class means kplug's."""
    owner, kind = type(module), get_kind("layer")
    return None if is_built_in_class(kind, owner) else find_component_of(REGISTRY, kind, owner)


def _describe_supplied(where: str, module: Any, component: Component) -> ComponentRow:
    arguments, name = ask_for_config(module) or {}, component.qualified_name
    spec = ""
    weights = (weight for weight in module.parameters() if not is_lazy(weight))
    if sum(weight.numel() for weight in weights) <= _MOST_WEIGHTS:
        # Layers differ in their names, which compute nothing.
        spec = write_spec(Spec(name, kwargs={k: v for k, v in arguments.items() if k != "name"}))
    return _make_row(where, component, arguments, "passed in code", name, spec)


def _make_row(
    slot: str, component: Component, arguments: Any, rule: str, written: str, spec: str
) -> ComponentRow:
    origin, version, owner = (
        component.origin,
        find_running_version(component),
        find_owner(component),
    )
    return ComponentRow(
        slot=_IN_BRACKETS.sub(r"/\1", slot),
        kind=component.kind,
        name=component.qualified_name,
        arguments=as_data(arguments),
        distribution=origin.distribution,
        version=version,
        rule=rule,
        written=written,
        spec=spec,
        code=owner if owner != origin.distribution else "",
    )


def list_layers(model: Any) -> list[Layer]:
    """Return the layers of a model in order, including those of nested models, without the models."""
    found: dict[int, Layer] = {}
    for layer in model.layers:
        for each in list_layers(layer) if holds_layers(layer) else [layer]:
            found.setdefault(id(each), each)
    return list(found.values())


def _list_models(model: Any) -> list[Any]:
    """Return the models inside a model, the innermost first, and the model itself."""
    inner = [one for layer in model.layers if holds_layers(layer) for one in _list_models(layer)]
    return [*inner, model]


def holds_layers(layer: object) -> bool:
    """Return whether a layer is a model; its attribute ``layers`` may be something else."""
    return all(isinstance(each, Layer) for each in getattr(layer, "layers", [None]))


def as_data(value: Any) -> Any:
    """Return a value as JSON data; objects become their ``repr``.

    Example:
        >>> as_data({"axis": (1, 2), "function": len})
        {'axis': [1, 2], 'function': '<built-in function len>'}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_data(item) for item in value]
    return str(value)


def write_spec(spec: Spec) -> str:
    """Return a spec as text; empty where an argument is no literal."""
    try:
        return str(spec)
    except SpecError:
        return ""
