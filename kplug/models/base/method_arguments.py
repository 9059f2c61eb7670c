"""Parameters of a model's methods: from a settings class, and explained if misspelled or misplaced."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, TypeVar

from typing_extensions import ParamSpec

from kplug.components.documentation import add_arguments
from kplug.errors import ArgumentError
from kplug.registry.suggestions import unknown_argument

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Model = TypeVar("_Model")
_Settings = TypeVar("_Settings")

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


def takes(
    settings: Callable[_P, _Settings],
) -> Callable[[Callable[[_Model, _Settings], _T]], Callable[Concatenate[_Model, _P], _T]]:
    """Replace a method's one parameter, an object of a settings class, by the parameters of the class.

    Type checkers, editors, ``help`` and ``inspect.signature`` show those, with their descriptions;
    ``__annotations__`` has their types.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class HeatSettings:
        ...     degrees: int = 200
        >>> class Oven:
        ...     @takes(HeatSettings)
        ...     def heat(self, settings: HeatSettings) -> str:
        ...         return f"{settings.degrees} degrees"
        >>> Oven().heat(180), str(inspect.signature(Oven.heat))
        ('180 degrees', "(self, degrees: 'int' = 200) -> 'str'")
        >>> import typing
        >>> typing.get_type_hints(Oven.heat)
        {'degrees': <class 'int'>, 'return': <class 'str'>}
    """

    def with_parameters(
        method: Callable[[_Model, _Settings], _T],
    ) -> Callable[Concatenate[_Model, _P], _T]:
        @functools.wraps(method)
        def call(self: _Model, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
            return method(self, settings(*args, **kwargs))

        shown: Any = call
        signature = inspect.signature(method)
        owner = next(iter(signature.parameters.values()))
        shown.__signature__ = signature.replace(
            parameters=[owner, *inspect.signature(settings).parameters.values()]
        )
        if method.__doc__ and settings.__doc__:  # none with python -OO
            shown.__doc__ = add_arguments(method.__doc__, settings.__doc__)
        # Python's TypeErrors, such as for a missing argument, name the method.
        settings.__init__.__qualname__ = method.__qualname__
        explained: Any = explaining_arguments(call)
        # Types and not their names, which the method's module need not have.
        types = typing.get_type_hints(settings)
        explained.__annotations__ = {
            **{name: types[name] for name in inspect.signature(settings).parameters},
            "return": method.__annotations__["return"],
        }
        return explained  # type: ignore[no-any-return]

    return with_parameters


def _by_position(
    owner: str, positional: Sequence[str], next_name: str, given: Sequence[Any]
) -> ArgumentError:
    text = repr(given[len(positional)])
    return ArgumentError(
        f"{owner} takes only {' and '.join(positional)} by position, got {len(given)} arguments",
        hint=f"Name the others, as in {next_name}={text if len(text) < 60 else '…'}.",
    )
