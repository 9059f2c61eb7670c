"""Explains misspelled, missing or positional arguments of a model's methods."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from typing_extensions import ParamSpec

from kplug.errors import ArgumentError
from kplug.registry.suggestions import unknown_argument

_P = ParamSpec("_P")
_T = TypeVar("_T")

# Keras 1's names of renamed arguments.
_KERAS_1 = {"nb_epoch": "epochs", "nb_val_samples": "validation_steps"}


def explaining_arguments(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Wrap a method so that unknown arguments raise kplug's error.

    Raises:
        ArgumentError: From the wrapped method, for such an argument.

    Example:
        >>> class Oven:
        ...     @explaining_arguments
        ...     def heat(self, degrees=200): ...
        >>> Oven().heat(degree=180)
        Traceback (most recent call last):
        ...
        kplug.ArgumentError: heat has no argument 'degree'. Did you mean 'degrees'?
          Known: degrees.
    """
    parameters = list(inspect.signature(method).parameters.values())[1:]
    known = tuple(parameter.name for parameter in parameters)
    by_name = tuple(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)
    owner = method.__name__

    @functools.wraps(method)
    def explained(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        for name in kwargs:
            if name not in known:
                raise unknown_argument(owner, [name], known, former=_KERAS_1)
        if by_name and len(args) - 1 > len(known) - len(by_name):
            raise _by_position(owner, known[: -len(by_name)], by_name[0], args[1:])
        return method(*args, **kwargs)

    return explained


def _by_position(
    owner: str, positional: Sequence[str], next_name: str, given: Sequence[Any]
) -> ArgumentError:
    text = repr(given[len(positional)])
    return ArgumentError(
        f"{owner} takes only {' and '.join(positional)} by position, got {len(given)} arguments",
        hint=f"Name the others, as in {next_name}={text if len(text) < 60 else '…'}.",
    )
