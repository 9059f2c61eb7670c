"""Layers as data that JSON can hold: described, made again, and copied."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kplug.components.configurable import read_config
from kplug.dialect.reading_models import read_model
from kplug.dialect.serialization import deserialize_component, refusal_of_lost, require_whole
from kplug.errors import ArgumentError, ContractError, KplugError
from kplug.layers.base.layer import Layer
from kplug.layers.torch_module import TorchModule
from kplug.registry import REGISTRY, Spec, get_kind, look_up, resolve_object
from kplug.registry.building.lost_arguments import find_lost, has_own_scheme
from kplug.registry.building.reverse_lookup import find_component_of
from kplug.registry.component_facts import has_complete_config
from kplug.registry.names.built_ins import is_built_in_class
from kplug.registry.problems import describe_error
from kplug.registry.quoting import name_type, quote


def serialize(layer: Layer) -> dict[str, Any]:
    """Return a layer as ``{"class_name", "config"}``, without its weights.

    Only built-in classes have plain names.

    Args:
        layer: A layer or a model.

    Raises:
        ContractError: ``get_config`` leaves out what the constructor needs or was given, or that of a
            component does.

    Example:
        >>> from kplug.layers import ReLU
        >>> serialize(ReLU(name="r"))["class_name"]
        'ReLU'

    Reference:
        ``keras.layers.serialize``. Components are strings with qualified names, as in ``get_config``; what
        Keras reads is ``model.to_json()``.
    """
    if not isinstance(layer, Layer):
        raise ContractError(
            f"layers.serialize takes a layer or a model, got {name_type(layer)}",
            hint="Components of other kinds have a serialize of their own, such as losses.serialize.",
        )
    config = layer.get_config()
    require_arguments(layer, config)
    for name, slot in layer.slots.items():
        found = slot.find_resolved()
        if found is not None:
            require_whole(found, f"{layer.name}.{name}")
    return {"class_name": _name_class(layer), "config": config}


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer that data describes.

    Args:
        config: What ``serialize`` returned, here or in any version of Keras.
        custom_objects: Classes by name, known for this call only.

    Raises:
        ResolutionError: Nothing has that name.

    Example:
        >>> deserialize({"class_name": "Dense", "config": {"units": 3}}).units
        3

    Reference:
        ``keras.layers.deserialize``.
    """
    # Keras 3 writes it, with bare names inside.
    if isinstance(config, Mapping) and "module" in config:
        config = read_model(config, custom_objects)
    return deserialize_component("layer", config, custom_objects)


def get(identifier: object) -> Any:
    """Return the layer that an identifier means.

    Args:
        identifier: Text such as ``"dense(units=3)"``, a dict, a class or an instance.

    Returns:
        A ``Layer``.
    """
    return resolve_object("layer", identifier)


def require_arguments(layer: Layer, config: Mapping[str, Any]) -> None:
    """Raise an error if a configuration lacks what the constructor of a layer needs or was given.

    Raises:
        ContractError: It leaves out arguments.
    """
    owner = type(layer)
    if has_own_scheme(owner, config) or _reads_itself(owner):
        return
    missing = [
        name
        for name, parameter in inspect.signature(owner).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in config
    ]
    if missing:
        raise ContractError(
            f"layer {layer.name!r} cannot be described: {owner.__name__}.get_config leaves out "
            f"{' and '.join(map(repr, missing))}, which the constructor needs",
            hint="Keep each argument as an attribute of its own name, as a value that JSON can hold, or "
            f"write {owner.__name__}.get_config(self); or save the weights alone, with save_weights.",
        )
    lost = find_lost(layer, config)
    if lost:
        raise refusal_of_lost(f"layer {layer.name!r}", layer, lost)


def _reads_itself(owner: type[Layer]) -> bool:
    """Whether a class that states `complete_config` reads its configuration with code of its own."""
    is_own = owner.from_config.__func__ is not Layer.from_config.__func__  # type: ignore[attr-defined]
    return is_own and has_complete_config(owner)


def _name_class(layer: Layer) -> str:
    owner = type(layer)
    # The module of a `TorchModule` is code, so it is no component.
    if owner is TorchModule or is_built_in_class(get_kind("layer"), owner):
        return owner.__name__
    # What the layer was made with stands beside the name, so the class alone decides.
    component = find_component_of(REGISTRY, get_kind("layer"), owner)
    return f"custom/{owner.__name__}" if component is None else component.qualified_name


def read_inner(entry: object) -> Any:
    """Return the layer that ``{"class_name", "config"}`` or a spec means; a layer is returned itself.

    Raises:
        ResolutionError: No installed package offers the class.
    """
    if not isinstance(entry, Mapping) or "class_name" not in entry:
        return resolve_object("layer", entry)
    return make_layer(str(entry["class_name"]), entry.get("config"))


def make_layer(class_name: str, config: Mapping[str, Any] | None) -> Any:
    """Return the layer, or the model, of a class with its configuration.

    Raises:
        ResolutionError: No installed package offers the class.
        ContractError: The class cannot be made with these arguments.
    """
    owner = find_layer_class(class_name)
    try:
        return owner.from_config(dict(read_config(owner, config or {})))
    except KplugError as error:
        # Python's own error stands behind it where an argument is missing: the configuration lacks it.
        if isinstance(error, ArgumentError) and error.__cause__ is not None:
            raise _refuse(owner, config, error.__cause__) from error
        given = config if isinstance(config, Mapping) else {}
        if isinstance(error, ArgumentError) and "name" in given and "layers" not in given:
            error.message = f"layer {quote(given['name'])}: {error.message}"
        raise
    except Exception as error:
        raise _refuse(owner, config, error) from error


def _refuse(owner: type, config: object, error: BaseException) -> ContractError:
    return ContractError(
        f"a layer of class {owner.__name__} cannot be made from its configuration {quote(config)}: "
        f"{describe_error(error)}",
        hint=f"{owner.__name__}.get_config returns the arguments of the constructor, as a dict.",
    )


def find_layer_class(name: str) -> Any:
    """Return the class of layer or model that a configuration names.

    Raises:
        ResolutionError: No installed package offers it.
    """
    if name == TorchModule.__name__:
        return TorchModule  # no component, since its module is code; its own error says so
    choice = look_up(get_kind("layer"), Spec(name, is_config=True))
    return REGISTRY.load(choice.component)


def copy_layer(layer: Layer, **changes: Any) -> Any:
    """Return a new layer with the arguments of another one, and weights of its own.

    Args:
        layer: The other one. Components are those that it was given, objects included.
        changes: Arguments that differ.

    Raises:
        ContractError: ``get_config`` leaves out what the layer was given.
    """
    config = layer.get_config()
    require_arguments(layer, config)
    for name, slot in layer.slots.items():
        if slot.is_argument and name in config:
            config[name] = slot.identifier
    for name, value in list(config.items()):
        held = vars(layer).get("_modules", {}).get(name)
        if isinstance(held, Layer) and isinstance(value, Mapping):
            config[name] = copy_layer(held)
        elif name == "cells":
            config[name] = [copy_layer(cell) for cell in layer.cells]  # type: ignore[union-attr]
    return type(layer).from_config({**config, **changes})
