"""The finder on ``sys.meta_path`` that creates Keras's modules."""

from __future__ import annotations

import importlib.abc
import importlib.util
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from kplug_keras2.binding import scipy_pictures
from kplug_keras2.binding.keras_module import BoundModule, KerasModule, list_names
from kplug_keras2.binding.module_table import find_sources, is_package
from kplug_keras2.binding.tensorflow_module import TensorFlowModule
from kplug_keras2.binding.unknown_names import refuse_module

PICTURES = "scipy.misc"  # SciPy's own is empty since 1.12
# Names of Keras in scripts: the longest matching prefix wins.
_ROOTS = ("tensorflow.python.keras", "tensorflow.keras", "tf_keras", "keras")


class KerasFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and creates ``keras``, ``tensorflow`` and their submodules."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - Python passes it
        target: ModuleType | None = None,  # noqa: ARG002 - and this
    ) -> ModuleSpec | None:
        """Return the spec of a bound module, or None for other modules.

        Raises:
            ModuleNotFoundError: Keras has no such module, or kplug does not support it.
        """
        if fullname == PICTURES:
            return importlib.util.spec_from_loader(fullname, self)
        if fullname.partition(".")[0] not in ("keras", "tf_keras", "tensorflow"):
            return None
        within = find_path(fullname)
        if within is not None and not find_sources(within):
            raise refuse_module(fullname, within)
        has_parts = within is None or is_package(within)
        return importlib.util.spec_from_loader(fullname, self, is_package=has_parts)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Create an empty module."""
        if spec.name == PICTURES:
            return BoundModule(spec.name, scipy_pictures.__doc__)
        within = find_path(spec.name)
        return TensorFlowModule(spec.name) if within is None else KerasModule(spec.name, within)

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module with its names."""
        if isinstance(module, KerasModule):
            module.fill()
        elif module.__name__ == PICTURES:
            vars(module).update(list_names(scipy_pictures))


def find_path(fullname: str) -> str | None:
    """Return the path of a module within Keras: empty for Keras itself, None for other modules.

    Example:
        >>> find_path("tensorflow.keras.layers"), find_path("keras"), find_path("tensorflow.contrib")
        ('layers', '', None)
    """
    for root in _ROOTS:
        if fullname == root or fullname.startswith(f"{root}."):
            return fullname[len(root) + 1 :]
    return None
