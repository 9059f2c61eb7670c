"""Writes the arguments of ``compile`` in Keras's form."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from kplug.dialect.names import BUILT_IN, OWN_ARGUMENTS, OWN_NAME, has_plain_name
from kplug.dialect.training_structure import KINDS, map_identifiers
from kplug.dialect.writing_components import describe, write_component, write_object
from kplug.dialect.writing_models import simplify
from kplug.registry import Resolved, Spec

# Settings that Keras 3's optimizers lack, with the values that give Keras's rule.
_UNUSED_SETTINGS = {"decay": 0.0, "schedule_decay": 0.004}


class FilledSlot(Protocol):
    """The protocol of a slot of ``compile`` for writing."""

    @property
    def resolved(self) -> Resolved:
        """The component."""

    @property
    def typed(self) -> str | None:
        """The name that was typed; None if more than a name was given."""


def write_training(
    structure: Mapping[str, Any],
    loss_weights: Any,
    optimizer: Mapping[str, Any],
    generation: int = 3,
) -> dict[str, Any]:
    """Return Keras's ``compile_config``, or the ``training_config`` of an HDF5 file.

    Args:
        structure: Losses and metrics in the given lists and dicts, with a ``FilledSlot`` for each.
        loss_weights: As they were given.
        optimizer: The result of `write_optimizer`.
        generation: 3 for Keras 3's archive, 2 for HDF5.
    """
    written = {
        name: map_identifiers(structure.get(name), partial(_write_slot, kind))
        for name, kind in KINDS.items()
    }
    written["loss_weights"] = map_identifiers(loss_weights, lambda weight: weight)
    switches = {"run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}
    if generation == 3:
        return {"optimizer": dict(optimizer), **written, **switches}
    # A schedule inside the optimizer keeps its module, which Keras 3 requires there.
    name = optimizer["registered_name"] or optimizer["class_name"]
    kept = {key: optimizer[key] for key in (OWN_ARGUMENTS, OWN_NAME) if key in optimizer}
    of_optimizer = {"class_name": name, "config": optimizer["config"], **kept}
    plain: dict[str, Any] = simplify(written)
    return {
        "optimizer_config": of_optimizer,
        **plain,
        "sample_weight_mode": None,
        **switches,
    }


def _write_slot(kind: str, filled: FilledSlot) -> Any:
    component = filled.resolved.component
    if filled.typed is not None and has_plain_name(kind, component):
        # A metric's name in History is the typed text, so the typed text is written.
        return filled.typed if kind == "metric" else component.name
    return write_component(kind, filled.resolved.spec)


def write_optimizer(resolved: Resolved, optimizer: object) -> dict[str, Any]:
    """Return an optimizer in Keras 3's form.

    Args:
        resolved: The component that ``compile`` resolved.
        optimizer: The current optimizer, with its current learning rate.
    """
    get_config = getattr(optimizer, "get_config", None)
    # `compile` may have wrapped the resolved optimizer in a `LossScaleOptimizer`.
    is_wrapped = hasattr(resolved.object, "get_config") and type(optimizer) is not type(
        resolved.object
    )
    is_described = resolved.object is optimizer and not resolved.is_of_factory
    if get_config is None or not (is_wrapped or is_described):
        written: dict[str, Any] = write_component("optimizer", resolved.spec)
        return written
    children = {"inner_optimizer": resolved} if is_wrapped else resolved.children
    config = _write_rates(_name_inner(get_config(), children))
    if is_wrapped:
        return write_object("optimizer", BUILT_IN, type(optimizer).__name__, config)
    component = resolved.component
    return write_object("optimizer", component.origin.distribution, component.name, config)


def _name_inner(config: Mapping[str, Any], children: Mapping[str, Resolved]) -> dict[str, Any]:
    """Return an optimizer's configuration with the resolved names of its inner components.

    An object itself knows only its class name. An object from a factory has the factory's arguments.
    """
    named = dict(config)
    for place, child in children.items():
        key = "lr" if place == "learning_rate" else place
        described = named.get(key)
        if not isinstance(described, Mapping):
            if child.object is described:  # no get_config: a schedule may be a function
                named[key] = child.spec
        elif "class_name" in described:
            renamed = {**described, "class_name": child.component.qualified_name}
            named[key] = child.spec if child.is_of_factory else renamed
    return named


def _write_rates(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's arguments, nested ones included, under Keras 3's names."""
    written = {}
    for key, value in config.items():
        if _UNUSED_SETTINGS.get(key) == value:
            continue
        name = "learning_rate" if key == "lr" else key
        written[name] = _write_inner("schedule" if key == "lr" else "optimizer", value)
    return written


def _write_inner(kind: str, value: Any) -> Any:
    if isinstance(value, Spec):
        return write_component(kind, value)
    if isinstance(value, Mapping) and "class_name" in value:
        package, _, name = value["class_name"].rpartition("/")
        if name == "OptimizerMap":
            return describe(None, name, _write_inner(kind, value["config"]), name)
        config = value["config"] if kind == "schedule" else _write_rates(value["config"])
        return write_object(kind, package or BUILT_IN, name, dict(config))
    if isinstance(value, Mapping):
        return {key: _write_inner(kind, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_write_inner(kind, item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value
