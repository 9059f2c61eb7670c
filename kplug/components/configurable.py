"""`Configurable`: objects described by the arguments of their constructors."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import Self

from kplug.errors import ArgumentError, ContractError
from kplug.registry.building.former_arguments import translate_arguments
from kplug.registry.building.lost_arguments import list_given
from kplug.registry.building.recorded_lookups import bind_all, remembering
from kplug.registry.component import find_names
from kplug.registry.component_facts import has_complete_config
from kplug.registry.parameters import takes_any_keyword
from kplug.registry.quoting import quote, with_article
from kplug.registry.suggestions import unknown_argument

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def remember_arguments(owner: type) -> None:
    """Make objects of a class record their given arguments and the components that they look up.

    This detects a ``get_config`` that leaves out an argument. The attribute ``given_arguments`` holds the
    names of arguments whose values differ from the defaults.

    Args:
        owner: The class; it stays unchanged if its author states `complete_config`.
    """
    if "__init__" in vars(owner) and not has_complete_config(owner):
        owner.__init__ = _remembering(owner.__init__)  # type: ignore[misc]
        remember_look_ups(owner)


def _remembering(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def remembering_arguments(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        # A subclass's constructor returns after those of its bases, so its arguments override theirs.
        vars(self)["given_arguments"] = list_given(type(self), init, args, kwargs)

    return remembering_arguments


def remember_look_ups(owner: type) -> None:
    """Make objects of a class record the plugin components that their constructor looks up.

    Args:
        owner: The class.
    """
    if "__init__" not in vars(owner):
        return
    init = owner.__init__  # type: ignore[misc]

    @functools.wraps(init)
    def remembering_look_ups(self: Any, *args: Any, **kwargs: Any) -> None:
        with remembering(self, lambda: bind_all(init, (self, *args), kwargs)):
            init(self, *args, **kwargs)

    owner.__init__ = remembering_look_ups  # type: ignore[misc]


class Configurable:
    """An object whose configuration is its constructor's arguments.

    A subclass that keeps each argument under the argument's own name needs to write neither
    `get_config` nor `from_config`.

    Example:
        >>> class Scaled(Configurable):
        ...     def __init__(self, factor=2.0):
        ...         self.factor = factor
        >>> Scaled(3.0).get_config()
        {'factor': 3.0}
        >>> Scaled.from_config({"factor": 3.0})
        Scaled(factor=3.0)
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        remember_arguments(cls)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as values that JSON can hold.

        Raises:
            ContractError: if an argument was not kept under its own name.
        """
        return read_arguments(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the object that `get_config` described.

        Raises:
            ArgumentError: for a key that is no argument of the constructor.
        """
        arguments = read_config(cls, config)
        check_keys(cls, arguments)
        return cls(**arguments)

    def __repr__(self) -> str:
        return write_call(self, self.get_config())


def read_arguments(instance: object) -> dict[str, Any]:
    """Return the arguments that an object was made with, from its attributes of the same names.

    Those that the constructor of a user's class has passed on in ``**keywords`` are among them.

    Raises:
        ContractError: if an argument was not kept under its own name.
    """
    names = _list_parameters(type(instance))
    lost = [name for name in names if not hasattr(instance, name)]
    if lost:
        raise ContractError(
            f"{type(instance).__name__} cannot be described: it does not keep its "
            f"argument{'s' * (len(lost) > 1)} {', '.join(map(repr, lost))}",
            hint=f"Set self.{lost[0]} in __init__, or write get_config().",
        )
    given = vars(instance).get("given_arguments", ())
    passed_on = [name for name in given if name not in names and hasattr(instance, name)]
    return {name: getattr(instance, name) for name in (*names, *passed_on)}


def read_config(owner: type, config: Any) -> Mapping[str, Any]:
    """Return the arguments of a configuration under their present names.

    Raises:
        ArgumentError: It is no dict whose keys are texts, or gives an argument under two names.

    Example:
        >>> read_config(dict, {"units": 3})
        {'units': 3}
    """
    if isinstance(config, Mapping) and all(isinstance(key, str) for key in config):
        return translate_arguments(owner, config)
    raise ArgumentError(
        f"the configuration of {with_article(owner.__name__)} is a dict of its arguments by name, got "
        f"{quote(config)}",
        hint="get_config() returns one.",
    )


def check_keys(owner: type, config: Mapping[str, Any]) -> None:
    """Refuse a configuration with a key that is no argument of the class's constructor.

    Raises:
        ArgumentError: with the closest argument.
    """
    read_config(owner, config)
    if takes_any_keyword(owner):
        return
    known = _list_parameters(owner)
    unknown = [key for key in config if key not in known]
    if unknown:
        raise unknown_argument(declared_name(owner), unknown, known)


def write_call(instance: object, config: Mapping[str, Any]) -> str:
    """Return the call that makes an object, as ``repr`` shows it.

    Example:
        >>> write_call(slice(1), {"stop": 1})
        'slice(stop=1)'
    """
    arguments = ", ".join(f"{name}={value!r}" for name, value in config.items())
    return f"{type(instance).__name__}({arguments})"


def declared_name(owner: type) -> str:
    """Return the name that messages use for a component class: its declared one, in snake case.

    Example:
        >>> class HeNormal: ...
        >>> declared_name(HeNormal)
        'he_normal'
    """
    name = next(iter(find_names(owner)), owner.__name__)
    return _WORD_STARTS.sub("_", name).lower()


def _list_parameters(owner: type) -> list[str]:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(owner).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind not in variadic]


def list_keywords(owner: type) -> list[str]:
    """Return the names of all arguments that a class and its bases can be made with."""
    names: dict[str, None] = {}
    for one in owner.__mro__:
        if one is object or "__init__" not in vars(one) or one.__module__.startswith("torch."):
            continue
        for parameter in inspect.signature(vars(one)["__init__"]).parameters.values():
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                names[parameter.name] = None
    names.pop("self", None)
    return list(names)
