"""Functions of tensors that connect to symbolic tensors where they are given some."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kplug.backend import auto_name
from kplug.graph import is_symbolic
from kplug.layers import Layer


class FunctionLayer(Layer):
    """A layer that calls a function; what ``K.square(symbolic)`` makes.

    Args:
        function: The function. Its arguments are the layer's.
        name: Made from the function's if it is left out.
    """

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, **options: Any
    ) -> None:
        super().__init__(name=name or auto_name(function.__name__.strip("<>")), **options)
        self.function = function

    def call(self, inputs: Any, *others: Any, **named: Any) -> Any:
        """Return what the function returns."""
        return self.function(inputs, *others, **named)

    def convert_inputs(self, inputs: Any) -> Any:
        """Return the inputs as they are."""
        return inputs


def connecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes with tensors at once, and connects a layer to symbolic ones."""

    @functools.wraps(function)
    def connected(*args: Any, **kwargs: Any) -> Any:
        if not is_symbolic((args, kwargs)):
            return function(*args, **kwargs)
        if not args:  # a layer is called with something by position
            first, *rest = kwargs
            args, kwargs = (kwargs[first],), {name: kwargs[name] for name in rest}
            return FunctionLayer(_by_name(function, first))(*args, **kwargs)
        return FunctionLayer(function)(*args, **kwargs)

    return connected


def _by_name(function: Callable[..., Any], first: str) -> Callable[..., Any]:
    """Return the function with its argument of that name in front."""

    @functools.wraps(function)
    def called(value: Any, **others: Any) -> Any:
        return function(**{first: value}, **others)

    return called
