"""Explains torch's errors: which function cannot compute with which arguments."""

from __future__ import annotations

from functools import wraps
from types import FunctionType
from typing import Any, NoReturn

import numpy as np
import torch

from kplug.errors import ArgumentError, DataError
from kplug.support.nested import find_leaves

# torch's errors for invalid arguments; its other errors are subclasses.
REFUSALS = (
    RuntimeError,
    IndexError,
    ValueError,
    TypeError,
    NotImplementedError,
    torch.linalg.LinAlgError,  # type: ignore[attr-defined]
)


def explain(owner: str, error: Exception, given: Any, hint: str) -> NoReturn:
    """Raise the error that names a function, such as ``kplug.ops.sum``, and the shapes it was given.

    Errors that are no refusal of torch's, and those met by torch's compiler, are raised as they are.
    """
    if type(error) not in REFUSALS or torch.compiler.is_compiling():
        raise error
    arrays: Any = find_leaves(given, (torch.Tensor, np.ndarray))
    shapes = ", ".join(str(tuple(one.shape)) for one in arrays)
    values = f" of shape {shapes}" if shapes else ""
    kind = ArgumentError if isinstance(error, TypeError) else DataError
    text = f"cannot compute with these arguments{values}: {type(error).__name__}: {error}"
    raise kind(f"{owner} {text}", hint=hint) from error


def explain_refusals(namespace: dict[str, Any], modules: str) -> None:
    """Make the functions that a package re-exports from some of its modules explain torch's errors.

    ``namespace`` is the package's ``globals()``; ``modules`` are names of its modules, separated by spaces.
    """
    package = namespace["__name__"]
    names = {f"{package}.{module}" for module in modules.split()}
    for name, value in list(namespace.items()):
        if isinstance(value, FunctionType) and value.__module__ in names:
            namespace[name] = _explaining(value, package, name)


def _explaining(function: FunctionType, package: str, name: str) -> Any:
    owner = f"{package}.{name}"

    @wraps(function)
    def compute(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except REFUSALS as error:
            explain(owner, error, (args, kwargs), f"help({owner}) says what it takes.")

    compute.__module__, compute.__name__, compute.__qualname__ = package, name, name
    return compute
