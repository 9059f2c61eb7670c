"""What ``compile`` was told, as Keras writes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from kplug.dialect.names import BUILT_IN
from kplug.dialect.training_structure import KINDS, UNUSED_SETTINGS, map_identifiers
from kplug.dialect.writing_components import describe, write_component, write_object
from kplug.dialect.writing_models import simplify
from kplug.registry import resolve


def write_training(
    arguments: Mapping[str, Any], optimizer: Any, generation: int = 3
) -> dict[str, Any]:
    """Return Keras's ``compile_config``, or the ``training_config`` of an HDF5 file.

    Args:
        arguments: The arguments of ``compile`` as they were given.
        optimizer: The optimizer as it is now, with its present learning rate.
        generation: 3 for Keras 3's archive, 2 for HDF5.
    """
    written = {
        name: map_identifiers(arguments.get(name), partial(_write_leaf, kind))
        for name, kind in KINDS.items()
    }
    found = _write_optimizer(optimizer)
    written["loss_weights"] = map_identifiers(arguments.get("loss_weights"), lambda leaf: leaf)
    switches = {"run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}
    if generation == 3:
        return {"optimizer": found, **written, **switches}
    # A schedule inside the optimizer keeps its module, which Keras 3 asks for there.
    name = found["registered_name"] or found["class_name"]
    of_optimizer = {"class_name": name, "config": found["config"]}
    plain: dict[str, Any] = simplify(written)
    return {
        "optimizer_config": of_optimizer,
        **plain,
        "sample_weight_mode": None,
        **switches,
    }


def _write_leaf(kind: str, identifier: Any) -> Any:
    if isinstance(identifier, str) and "(" not in identifier and "/" not in identifier:
        found = resolve(kind, identifier).component
        # A metric's name in History is the text as it was typed, so that is what is kept.
        if found.origin.distribution == BUILT_IN:
            return identifier if kind == "metric" else found.name
    resolved = resolve(kind, identifier)
    return write_component(kind, resolved.spec)


def _write_optimizer(optimizer: Any) -> dict[str, Any]:
    resolved = resolve("optimizer", optimizer)
    component = resolved.component
    if hasattr(optimizer, "get_config"):
        config = _write_rates(optimizer.get_config())
        return write_object("optimizer", component.origin.distribution, component.name, config)
    written: dict[str, Any] = write_component("optimizer", resolved.spec)
    return written


def _write_rates(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's arguments under Keras 3's names, those inside it included."""
    written = {}
    for key, value in config.items():
        if key in UNUSED_SETTINGS and key != "momentum" and value == UNUSED_SETTINGS[key]:
            continue
        name = "learning_rate" if key == "lr" else key
        written[name] = _write_inner("schedule" if key == "lr" else "optimizer", value)
    return written


def _write_inner(kind: str, value: Any) -> Any:
    if isinstance(value, Mapping) and "class_name" in value:
        package, _, name = value["class_name"].rpartition("/")
        if name == "OptimizerMap":
            return describe(None, name, _write_inner(kind, value["config"]), name)
        config = value["config"] if kind == "schedule" else _write_rates(value["config"])
        return write_object(kind, package or BUILT_IN, name, dict(config))
    if isinstance(value, Mapping):
        return {key: _write_inner(kind, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_write_inner(kind, item) for item in value]
    return value
