"""``get_custom_objects`` and ``CustomObjectScope``: register a script's classes and functions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from torch import nn
from typing_extensions import Self

import kplug
from kplug_keras2.symbolic.update_rules import as_component

# A function's use determines its kind, so it is registered for each of these.
_KINDS = (
    "activations",
    "constraints",
    "initializers",
    "losses",
    "metrics",
    "optimizers",
    "regularizers",
)


def name_objects(objects: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """Return a scope that binds names to a script's classes and functions, for all kinds."""
    layers = {
        name: one
        for name, one in objects.items()
        if isinstance(one, type) and issubclass(one, nn.Module)
    }
    others = {name: as_component(one) for name, one in objects.items() if name not in layers}
    return kplug.scope(layers=layers, **(dict.fromkeys(_KINDS, others) if others else {}))


class CustomObjects(dict[str, Any]):
    """The script's global custom objects: entries are registered at once."""

    def __init__(self) -> None:
        super().__init__()
        self._scopes = ExitStack()

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        # Unwrap an activation function from a layer, the form that Keras recommended.
        function = getattr(value, "activation", None) if isinstance(value, nn.Module) else value
        self._scopes.enter_context(name_objects({name: function or value}))

    def update(self, *others: Any, **named: Any) -> None:
        """Put several names in."""
        for name, value in dict(*others, **named).items():
            self[name] = value

    def clear(self) -> None:
        """Remove all names."""
        super().clear()
        self._scopes.close()


_custom_objects = CustomObjects()


def get_custom_objects() -> CustomObjects:
    """Return the script's global custom objects, a dict."""
    return _custom_objects


class CustomObjectScope:
    """A block that binds names to a script's classes and functions.

    Args:
        *objects: Dicts of them by name.
    """

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self._scopes = ExitStack()
        self._objects = objects

    def __enter__(self) -> Self:
        for one in self._objects:
            self._scopes.enter_context(name_objects(one))
        return self

    def __exit__(self, *error: object) -> None:
        self._scopes.close()


def custom_object_scope(*objects: Mapping[str, Any]) -> CustomObjectScope:
    """Return ``CustomObjectScope(*objects)``."""
    return CustomObjectScope(*objects)
