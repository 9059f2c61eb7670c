"""``keras.models`` of Keras 2: models, and functions that load, save and clone them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

import kplug
from kplug.models import Functional
from kplug_keras2.arguments.aliases import AliasType, make_alias, read_keywords
from kplug_keras2.custom_objects import CustomObjectScope
from kplug_keras2.keras.layers import Input
from kplug_keras2.symbolic.update_rules import as_component

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]

Sequential = make_alias(kplug.Sequential)
_Functional = make_alias(Functional)


class Model(kplug.Model, metaclass=AliasType):
    """``kplug.Model``, which takes ``input`` and ``output`` too."""

    _original = kplug.Model

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        read = read_keywords(kplug.Model, kwargs)
        if args or {"inputs", "outputs"} & set(read):
            _make_functional(type(self))
            Functional.__init__(self, *args, **read)  # type: ignore[arg-type]
        else:
            super().__init__(**read)


def _make_functional(owner: Any) -> None:
    """Replace ``Model`` by the alias of ``Functional`` among the bases of a subclass."""
    for base in owner.__bases__:
        if base is not Model and issubclass(base, kplug.Model) and Model in base.__mro__:
            _make_functional(base)
    owner.__bases__ = tuple(_Functional if base is Model else base for base in owner.__bases__)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Any:
    """Load a model from a file."""
    own = {name: as_component(one) for name, one in (custom_objects or {}).items()}
    with CustomObjectScope(own):  # for objects inside an optimizer
        return kplug.load_model(filepath, own, compile)


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Write a model into a file."""
    model.save(filepath, overwrite=overwrite, include_optimizer=include_optimizer)


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the model that a configuration describes, with new weights."""
    return kplug.models.model_from_config(config, custom_objects)


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the model that ``to_json`` described, with new weights."""
    return kplug.models.model_from_json(text, custom_objects)


def model_from_yaml(text: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the model that ``to_yaml`` described, with new weights.

    Raises:
        KplugError: The text has a tag that creates an object, or is no YAML. No code in it is run.
    """
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise kplug.KplugError(
            f"the text is refused: it is more than plain data in YAML ({_shorten(error)})",
            hint="Only maps, lists, texts, numbers and true, false and null are read; nothing is run.",
        ) from error
    return kplug.models.model_from_json(json.dumps(read), custom_objects)


def _shorten(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def clone_model(model: Any, input_tensors: Any = None) -> Any:
    """Return a model of the same architecture with new weights, on ``input_tensors`` if given."""
    clone = type(model).from_config(model.get_config())
    if input_tensors is None:
        return clone
    return kplug.Model(input_tensors, clone(input_tensors))
