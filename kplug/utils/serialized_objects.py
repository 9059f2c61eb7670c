"""Serializes objects of any kind as Keras 3's dicts, for a user's ``get_config``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from kplug.backend import dtype_name, to_dtype
from kplug.constraints import Constraint
from kplug.dialect.names import MODULES, has_plain_name, strip_package
from kplug.dialect.reading_components import refuse_code
from kplug.dialect.serialization import deserialize_component, serialize_component
from kplug.dialect.writing_components import describe
from kplug.errors import ContractError, ResolutionError
from kplug.initializers import Initializer
from kplug.layers import Layer, serialize as serialize_layer
from kplug.losses import Loss
from kplug.metrics import Metric
from kplug.models.configuration.reading import layer_from_config, scope_of
from kplug.optimizers import Optimizer
from kplug.registry import REGISTRY, Spec, get_kind, parse_spec, resolve_object
from kplug.registry.building.reverse_lookup import find_component_of
from kplug.registry.quoting import name_type, quote
from kplug.regularizers import Regularizer
from kplug.schedules import LearningRateSchedule
from kplug.utils.custom_objects import get_custom_objects

# Base classes of components, by kind; layers and callbacks have other forms.
BASE_CLASSES: dict[str, type] = {
    "initializer": Initializer,
    "regularizer": Regularizer,
    "constraint": Constraint,
    "loss": Loss,
    "metric": Metric,
    "optimizer": Optimizer,
    "schedule": LearningRateSchedule,
}
_KINDS_OF_FUNCTIONS = ("activation", "loss", "metric", "initializer", "regularizer", "constraint")
_PLAIN = (str, int, float, bool, type(None))


def serialize_keras_object(obj: Any) -> Any:
    """Return an object as JSON data for `deserialize_keras_object`.

    Args:
        obj: A layer, a component of another kind, a registered function, an array or tensor, a plain value;
            or a list, tuple or dict of these.

    Raises:
        ContractError: The object is something else, or an unregistered function.

    Example:
        >>> from kplug.layers import Dense
        >>> serialize_keras_object({"head": Dense(3), "scale": 2.0})["head"]["class_name"]
        'Dense'

    Reference:
        ``keras.saving.serialize_keras_object``. Functions are stored by name, never as code.
    """
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        return type(obj)([serialize_keras_object(one) for one in obj])
    if isinstance(obj, Mapping):
        return {key: serialize_keras_object(one) for key, one in obj.items()}
    if isinstance(obj, (np.ndarray, torch.Tensor)):
        name = "__tensor__" if isinstance(obj, torch.Tensor) else "__numpy__"
        value = {"value": obj.tolist(), "dtype": dtype_name(obj.dtype)}
        return {"class_name": name, "config": value}
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, Layer):
        return serialize_layer(obj)
    for kind, base in BASE_CLASSES.items():
        if isinstance(obj, base):
            described = serialize_component(kind, obj)
            return _describe_spec(kind, described) if isinstance(described, str) else described
    return _describe_function(obj)


def _describe_spec(kind: str, text: str) -> dict[str, Any]:
    """Return the dict of a class that Keras lacks, with a module that encodes its kind."""
    spec = parse_spec(text)
    name = spec.name if spec.distribution is None else f"{spec.distribution}/{spec.name}"
    config = {key: str(one) if isinstance(one, Spec) else one for key, one in spec.kwargs.items()}
    return describe(MODULES[kind], name, config)


def _describe_function(function: Any) -> dict[str, Any]:
    for kind in _KINDS_OF_FUNCTIONS if callable(function) else ():
        found = find_component_of(REGISTRY, get_kind(kind), function)
        if found is not None:
            name = found.name
            if not has_plain_name(kind, found):
                name = f"{found.origin.distribution}>{name}"
            return describe("builtins", "function", name, "function")
    raise ContractError(
        f"serialize_keras_object: {name_type(function)} {quote(function)} has no name in files",
        hint="Give a class or a function its name with @kplug.saving.register_keras_serializable().",
    )


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Return the object that serialized data describes.

    Args:
        config: The result of `serialize_keras_object`, here or in Keras 3.
        custom_objects: The user's own classes and functions, by name.
        safe_mode: Ignored: code in data is never run.

    Raises:
        ResolutionError: The name is unknown.
        WeightsError: The data contains code.

    Example:
        >>> from kplug.regularizers import L2
        >>> deserialize_keras_object([serialize_keras_object(L2(0.5)), 3])
        [L2(l2=0.5), 3]

    Reference:
        ``keras.saving.deserialize_keras_object``. Modules named in the data are not imported.
    """
    del safe_mode
    with scope_of(custom_objects):
        return _read(config)


def _read(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return type(config)([_read(one) for one in config])
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _read(one) for key, one in config.items()}
    refuse_code(config)
    name, inner = str(config["class_name"]), config["config"]
    if name in ("__numpy__", "__tensor__"):
        tensor = torch.tensor(inner["value"], dtype=to_dtype(inner["dtype"]))
        return tensor if name == "__tensor__" else tensor.numpy()
    if name == "function":
        return _find_first(str(inner))
    kind = _find_kind(str(config.get("module")), name)
    return layer_from_config(config) if kind is None else deserialize_component(kind, config)


def _find_kind(module: str, name: str) -> str | None:
    """Return the kind of a class of Keras's or the user's; None for a layer."""
    found = get_registered_object(name)
    for kind, base in BASE_CLASSES.items():
        is_registered = isinstance(found, type) and issubclass(found, base)
        if is_registered or module == MODULES[kind]:
            return kind
    # Keras has torch subclasses of its optimizers.
    return "optimizer" if module.startswith("keras.") and ".optimizers." in module else None


def _find_first(name: str) -> Any:
    """Return the first function of a name among all kinds.

    Raises:
        ResolutionError: There is none.
    """
    described = {"class_name": strip_package(name), "config": {}}
    *others, last = _KINDS_OF_FUNCTIONS
    for kind in others:
        with suppress(ResolutionError):
            return resolve_object(kind, described)
    return resolve_object(last, described)


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Return the user's class or function of a name, or None.

    Args:
        name: The name, with or without ``package>``.
        custom_objects: Searched after the registered ones.
        module_objects: Searched last.

    Reference:
        ``keras.saving.get_registered_object``.
    """
    if not isinstance(name, str):
        return None
    for known in (get_custom_objects(), custom_objects or {}, module_objects or {}):
        for key in (name, strip_package(name)):
            if key in known:
                return known[key]
    return None
