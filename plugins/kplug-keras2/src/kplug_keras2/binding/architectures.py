"""The architectures of keras-applications, built with the bound ``keras``.

Keras 2 passes its own modules to the same library.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

_MODULES = ("backend", "layers", "models", "utils")
# A private name that third-party packages import.
_ALSO = ("_obtain_input_shape",)


def list_architectures(module: ModuleType) -> dict[str, Any]:
    """Return the public functions of a module of keras-applications, with Keras's modules bound."""
    return {
        name: _handing_over(value) if _takes_modules(value) else value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and (not name.startswith("_") or name in _ALSO)
    }


def _takes_modules(function: Callable[..., Any]) -> bool:
    kinds = {one.kind for one in inspect.signature(function).parameters.values()}
    return inspect.Parameter.VAR_KEYWORD in kinds


def _handing_over(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        modules = {name: importlib.import_module(f"keras.{name}") for name in _MODULES}
        return function(*args, **{**modules, **kwargs})

    return called
