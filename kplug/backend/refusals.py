"""Explains torch's errors: which function cannot compute with which arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

import numpy as np
import torch

from kplug.errors import ArgumentError, DataError, KplugError
from kplug.nested import find_leaves

# torch's errors for invalid arguments; its other errors are subclasses.
REFUSALS = (
    RuntimeError,
    IndexError,
    ValueError,
    TypeError,
    NotImplementedError,
    torch.linalg.LinAlgError,  # type: ignore[attr-defined]
)


def is_refusal(error: Exception) -> bool:
    """Return whether an error is torch's own, and not raised while torch's compiler reads the code."""
    return type(error) in REFUSALS and not torch.compiler.is_compiling()


def explain(owner: str, error: Exception, given: Any, hint: str) -> KplugError:
    """Return the error that names a function, such as ``kplug.ops.sum``, and the shapes it was given."""
    arrays: Any = find_leaves(given, (torch.Tensor, np.ndarray))
    shapes = ", ".join(str(tuple(one.shape)) for one in arrays)
    values = f" of shape {shapes}" if shapes else ""
    kind = ArgumentError if isinstance(error, TypeError) else DataError
    return kind(
        f"{owner} cannot compute with these arguments{values}: {type(error).__name__}: {error}",
        hint=hint,
    )


def explain_refusals(namespace: dict[str, Any], modules: str) -> None:
    """Make the functions that a package re-exports from some of its modules explain torch's errors.

    Args:
        namespace: The package's ``globals()``, after its imports.
        modules: Names of its modules, separated by spaces.
    """
    package = namespace["__name__"]
    names = {f"{package}.{module}" for module in modules.split()}
    for name, value in list(namespace.items()):
        if isinstance(value, FunctionType) and value.__module__ in names:
            namespace[name] = _explaining(value, package, name)


def _explaining(function: FunctionType, package: str, name: str) -> Callable[..., Any]:
    owner = f"{package}.{name}"

    @wraps(function)
    def compute(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except REFUSALS as error:
            if not is_refusal(error):
                raise
            hint = f"help({owner}) says what it takes."
            raise explain(owner, error, (args, kwargs), hint) from error

    compute.__module__, compute.__name__, compute.__qualname__ = package, name, name
    return compute
