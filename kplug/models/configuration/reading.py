"""Reads layers and models from their configurations."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import nn

from kplug.dialect import read_layer
from kplug.dialect.names import strip_packages
from kplug.errors import SpecError
from kplug.layers.serialization import make_layer
from kplug.registry import scope
from kplug.registry.kinds import KINDS, get_kind
from kplug.registry.quoting import quote


def layer_from_config(entry: Any) -> Any:
    """Return the layer, or the model, that a ``{"class_name", "config"}`` entry describes.

    Raises:
        SpecError: If the entry has another form.
        ResolutionError: If no installed package offers the class.
    """
    if not isinstance(entry, Mapping) or "class_name" not in entry:
        raise SpecError(
            f"{quote(entry)} does not describe a layer",
            hint="A layer is {'class_name': …, 'config': {…}}.",
        )
    entry = read_layer(entry)
    return make_layer(str(entry["class_name"]), entry.get("config"))


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the model that ``{"class_name": …, "config": …}`` describes.

    Args:
        config: The configuration; the result of a model's ``get_config()`` works as well.
        custom_objects: Your own classes and functions, by their names in the configuration.
    """
    given: object = config
    if isinstance(given, Mapping) and "class_name" not in given and "layers" in given:
        class_name = "Functional" if "input_layers" in config else "Sequential"
        config = {"class_name": class_name, "config": config}
    with scope_of(custom_objects):
        model = layer_from_config(config)
        look_up_own(model, custom_objects)
    return model


def look_up_own(model: Any, custom_objects: Mapping[str, Any] | None) -> None:
    """Resolve the slots of a model inside the scope of ``custom_objects``.

    Without such a scope, building resolves them; components not found now are reported then.
    """
    if custom_objects:
        model.resolve_slots()


def scope_of(custom_objects: Mapping[str, Any] | None) -> AbstractContextManager[Any]:
    """Return a scope that binds the names to the given objects, for all kinds."""
    if not custom_objects:
        return nullcontext()
    names: dict[str, dict[str, Any]] = {}
    for name, each in strip_packages(custom_objects).items():
        for kind in list_kinds(each):
            names.setdefault(get_kind(kind).plural, {})[name] = each
    return scope(**names)


def list_kinds(given: object) -> list[str]:
    """Return the possible kinds of a user's object: layer, or all others."""
    if isinstance(given, type) and issubclass(given, nn.Module):
        return ["layer"]
    return [kind.name for kind in KINDS.values() if kind.name != "layer"]
