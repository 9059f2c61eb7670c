"""Wraps tensor functions so that symbolic arguments create a layer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kplug.graph import is_symbolic
from kplug_keras2.symbolic.function_layer import FunctionLayer as FunctionLayer
from kplug_keras2.symbolic.sizes import apply, has_sizes


def connecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function: it computes eagerly, or connects a layer to symbolic tensors."""

    @functools.wraps(function)
    def connected(*args: Any, **kwargs: Any) -> Any:
        if has_sizes((args, kwargs)):
            return apply(function, *args, **kwargs)
        if not is_symbolic((args, kwargs)):
            return function(*args, **kwargs)
        if not args:  # a layer's call needs a positional argument
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
