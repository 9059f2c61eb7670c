"""Keras's variables, arrays and masks in the shapes that kplug takes and gives."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from keras.src import backend as keras_backend

from kplug import backend as kplug_backend

_SCOPES: list[str] = []


class Variable(torch.nn.Parameter):
    """``backend.Variable`` as what kplug trains: a torch parameter, with a name."""

    # Keras's attributes; all but the value are for the test to read and write.
    name: Any = ""
    path: str = ""
    constraint: Any = None
    overwrite_with_gradient: bool = False

    def __new__(
        cls,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **unused: Any,
    ) -> Variable:
        """Take a value, or a callable initializer with a shape."""
        value = initializer(shape) if callable(initializer) else initializer
        kind = kplug_backend.to_dtype(dtype or kplug_backend.floatx())
        data = keras_backend.convert_to_tensor(value).detach().clone().to(kind)
        made: Any = torch.Tensor._make_subclass(cls, data, trainable and data.is_floating_point())
        made.name = name or "variable"
        made.path = "/".join([*_SCOPES, made.name])
        return made  # type: ignore[no-any-return]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        """Everything is done in ``__new__``, as for every tensor."""

    def min(self, *arguments: Any, **keywords: Any) -> Any:
        """Answer NumPy, which calls this with its own keywords."""
        return self.numpy().min() if keywords else super().min(*arguments)


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Put the name before those of the variables made inside."""
    _SCOPES.append(name)
    try:
        yield
    finally:
        _SCOPES.pop()


def give_tensors_variable_methods() -> None:
    """Let every tensor answer to ``value``, ``assign`` and, though it requires grad, ``numpy``."""

    def assign(self: torch.Tensor, value: Any) -> None:
        with torch.no_grad():
            self.copy_(torch.as_tensor(value))

    def numpy(self: torch.Tensor) -> np.ndarray[Any, Any]:
        return np.array(as_array(self.detach().cpu()))

    def view(self: torch.Tensor, *shape: Any) -> torch.Tensor:
        """Take the name of a type, as arrays of JAX do, which the tensor stands for."""
        names = [kplug_backend.to_dtype(one) if isinstance(one, str) else one for one in shape]
        return as_view(self, *names)

    as_array, as_view = torch.Tensor.numpy, torch.Tensor.view
    extended: Any = torch.Tensor
    extended.view = view
    extended.assign, extended.numpy, extended.value = assign, numpy, property(lambda self: self)
    extended.name = property(lambda self: getattr(self, "_peer_name", None), _set_name)


def _set_name(self: torch.Tensor, name: str) -> None:
    self._peer_name = name  # type: ignore[attr-defined]


def to_tensor(value: Any) -> Any:
    """Return an array or a list of numbers as a tensor of the type that Keras gives it."""
    if isinstance(value, np.ndarray | np.generic | list | float | int):
        return keras_backend.convert_to_tensor(value)
    return value


@functools.cache
def taking_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its first argument made a tensor, as Keras's functions do."""

    @functools.wraps(function)
    def call(x: Any, *arguments: Any, **keywords: Any) -> Any:
        return function(to_tensor(x), *arguments, **keywords)

    return call


def let_calls_take_arrays(base: type) -> None:
    """Do the same for ``instance(x)`` of a class and of every subclass with a call of its own."""
    for cls in [base, *_all_subclasses(base)]:
        if "__call__" in vars(cls):
            inner = vars(cls)["__call__"]

            def call(
                self: Any, x: Any, *arguments: Any, _inner: Any = inner, **keywords: Any
            ) -> Any:
                return _inner(self, to_tensor(x), *arguments, **keywords)

            cls.__call__ = functools.wraps(inner)(call)  # type: ignore[method-assign]


def _all_subclasses(owner: type) -> set[type]:
    direct: set[type] = set(owner.__subclasses__())
    return direct.union(*(_all_subclasses(one) for one in direct))
