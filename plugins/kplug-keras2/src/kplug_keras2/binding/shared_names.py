"""Names that programs import from a Keras module that itself only imported them."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from kplug_keras2.binding.module_table import MODULES, find_sources

_MODULES = {
    "K": "backend",
    "backend": "backend",
    "cbks": "callbacks",
    "initializations": "initializations",
    "interfaces": "legacy.interfaces",
    "metrics_module": "metrics",
    "objectives": "objectives",
    **{
        name: name for name in ("activations", "callbacks", "constraints", "initializers", "layers")
    },
    **{
        name: name
        for name in ("losses", "metrics", "models", "optimizers", "regularizers", "utils")
    },
    **{path.rpartition(".")[2]: path for path in MODULES if path.startswith(("utils.", "layers."))},
}
# Modules to search for a class or function, in this order.
_HOMES = ("layers", "engine", "models", "utils")
# These modules define all their names themselves.
_CLOSED = ("", "applications", "backend", "datasets", "engine", "layers", "preprocessing", "utils")
IN_STAR_IMPORTS = ("K", "activations", "constraints", "initializers", "regularizers")


def find_shared(root: str, path: str, name: str) -> Any:
    """Return the object that a Keras module had imported under a name; ``None`` if unknown.

    Args:
        root: The name of the root module, such as ``keras``.
        path: The path of the module in Keras.
        name: The name.
    """
    if path.partition(".")[0] == "backend" and name == "tf":
        return importlib.import_module("tensorflow")
    if path in _CLOSED or name.startswith("_"):
        return None
    if name in _MODULES and find_sources(_MODULES[name]):
        return importlib.import_module(f"{root}.{_MODULES[name]}")
    for home in _HOMES:
        module = importlib.import_module(f"{root}.{home}")
        if name in vars(module).get("__all__", ()):
            return getattr(module, name)
    return None


def find_lent(path: str, name: str) -> Any:
    """Return the object that a distribution lends to kplug's module; ``None`` without one."""
    for module in map(importlib.import_module, find_sources(path)):
        if name in _list_lent(module):
            return getattr(module, name)
    return None


def list_lent(path: str) -> list[str]:
    """Return the names of the objects that distributions lend to kplug's module."""
    modules = map(importlib.import_module, find_sources(path))
    return [name for module in modules for name in _list_lent(module)]


def _list_lent(module: ModuleType) -> list[str]:
    return [name for name in dir(module) if name not in vars(module)]
