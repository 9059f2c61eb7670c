"""The ``KerasModule`` class: a Keras module filled with kplug's names."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from kplug_keras2.binding.architectures import list_architectures
from kplug_keras2.binding.module_table import find_sources, is_package, list_parts
from kplug_keras2.binding.shared_names import IN_STAR_IMPORTS, find_lent, find_shared, list_lent
from kplug_keras2.binding.unknown_names import refuse_name


class BoundModule(ModuleType):
    """Base class of modules that replace Keras's and TensorFlow's."""


class KerasModule(BoundModule):
    """``keras`` or one of its modules.

    Args:
        name: Its whole name, such as ``keras.layers.core``.
        path: Its path in Keras: ``layers.core``.
    """

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name, f"{name.partition('.')[0]}, by kplug.")
        self._path = path

    @property
    def __all__(self) -> list[str]:
        """The names that a star import brings, usable names lent by distributions included."""
        lent = (name for name in list_lent(self._path) if hasattr(self, name))
        return sorted({*vars(self).get("__all__", ()), *lent})

    def fill(self) -> None:
        """Copy the public names of the source modules; the first source wins."""
        names: dict[str, Any] = {}
        for source in reversed(find_sources(self._path)):
            found = importlib.import_module(source)
            names.update(list_names(found))
        vars(self).update(names)
        is_inner = self._path.startswith(("layers.", "engine."))
        vars(self)["__all__"] = sorted({*names, *(IN_STAR_IMPORTS if is_inner else ())})
        if is_package(self._path):
            for part in list_parts(self._path, at_once=True):
                importlib.import_module(f"{self.__name__}.{part}")

    def __getattr__(self, name: str) -> Any:
        """Return a submodule that Keras imports eagerly, or a name that the module had imported.

        Raises:
            AttributeError: There is no such name; ``ImportError`` in an import statement.
        """
        if not name.startswith("__") and name in list_parts(self._path):
            return importlib.import_module(f"{self.__name__}.{name}")
        root = self.__name__.removesuffix(f".{self._path}") if self._path else self.__name__
        found = find_shared(root, self._path, name) or find_lent(self._path, name)
        if found is None:
            raise refuse_name(self, self._path, name)
        return found


def list_names(module: ModuleType) -> dict[str, Any]:
    """Return the public names of a source module."""
    if module.__name__.startswith("keras_applications."):
        return list_architectures(module)
    return {name: getattr(module, name) for name in module.__all__}
