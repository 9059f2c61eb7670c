"""What ``compile`` was told, in Keras's form and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kplug.errors import WeightsError
from kplug.registry import resolve
from kplug.registry.spec.model import is_spec_mapping
from kplug.saving.dialect.components import describe, write_component, write_object
from kplug.saving.dialect.layers import simplify
from kplug.saving.dialect.names import BUILT_IN, Names
from kplug.saving.dialect.reading import is_description, read_component

_KINDS = {"loss": "loss", "metrics": "metric", "weighted_metrics": "metric"}

# Settings of Keras 2's and Keras 3's optimizers that leave the rule of ours as it is.
_WITHOUT_EFFECT = {"decay": 0.0, "momentum": 0.0, "centered": False, "schedule_decay": 0.004}


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
        name: _map(arguments.get(name), partial(_write_leaf, kind)) for name, kind in _KINDS.items()
    }
    found = _write_optimizer(optimizer)
    written["loss_weights"] = _map(arguments.get("loss_weights"), lambda leaf: leaf)
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
        if key in _WITHOUT_EFFECT and key != "momentum" and value == _WITHOUT_EFFECT[key]:
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


def read_training(
    config: object, custom_objects: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the arguments of ``compile`` from a ``compile_config`` or a ``training_config``.

    Raises:
        WeightsError: It has another form, or holds code.
    """
    if not isinstance(config, Mapping):
        raise WeightsError(f"the training configuration is {type(config).__name__}, not a dict")
    names = Names.of(custom_objects)
    arguments: dict[str, Any] = {
        name: _map(config.get(name), partial(read_component, kind, names=names))
        for name, kind in _KINDS.items()
    }
    arguments["loss_weights"] = config.get("loss_weights")
    given = config.get("optimizer", config.get("optimizer_config"))
    if given is not None:
        arguments["optimizer"] = _read_optimizer(given, names)
    return {name: value for name, value in arguments.items() if value is not None}


def _read_optimizer(given: Any, names: Names) -> Any:
    read = read_component("optimizer", given, names)
    if isinstance(read, dict) and str(read["class_name"]).lower() == f"{BUILT_IN}/rmsprop":
        config = read["config"]
        idle = [key for key in ("momentum", "centered") if config.get(key) == _WITHOUT_EFFECT[key]]
        read["config"] = {key: value for key, value in config.items() if key not in idle}
    return read


def _map(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a structure of identifiers with every one changed."""
    if value is None:
        return None
    if isinstance(value, Mapping) and not is_description(value) and not _is_spec(value):
        return {key: _map(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_map(item, change) for item in value]
    return change(value)


def _is_spec(value: Any) -> bool:
    return isinstance(value, dict) and is_spec_mapping(value)
