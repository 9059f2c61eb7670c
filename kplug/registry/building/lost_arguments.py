"""Finds arguments that an object was given and its ``get_config`` leaves out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from kplug.registry.component_facts import has_complete_config
from kplug.registry.parameters import find_all_parameters, find_parameters, takes_any_keyword
from kplug.registry.spec.formatting import is_literal

_SPELLINGS = frozenset({"lr", "learning_rate"})  # synonyms


def find_lost(
    instance: object, config: Mapping[str, Any], written: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the arguments that an object was given and that a configuration does not hold.

    Args:
        instance: The object. Arguments named in its attribute ``held_elsewhere``, if any, do not count.
        config: The result of its ``get_config``. A value may differ from the written one: the class may
            normalise it.
        written: The arguments that the object was made with, if known.

    Example:
        >>> class Scaled:
        ...     __module__ = "your_code"  # kplug states `complete_config` of its own
        ...
        ...     def __init__(self, alpha=0.25):
        ...         self.alpha = alpha
        >>> find_lost(Scaled(0.9), {}), find_lost(Scaled(0.9), {"alpha": 0.9}), find_lost(Scaled(), {})
        (['alpha'], [], [])
    """
    owner = type(instance)
    if isinstance(instance, functools.partial):
        return [name for name in instance.keywords if name not in config]
    if _is_believed(owner) or has_own_scheme(owner, config):
        return []
    parameters = find_all_parameters(owner)
    if written is not None:
        is_open = takes_any_keyword(owner)
        given: Iterable[str] = [
            name
            for name, value in written.items()
            if (is_open and name not in parameters)
            or (name in parameters and not is_same(value, parameters[name].default))
        ]
    else:
        kept = getattr(instance, "__dict__", {})
        given = kept.get("given_arguments", _list_differing(kept, parameters))
    elsewhere = getattr(instance, "held_elsewhere", ())
    held = {*config, *elsewhere, *(_SPELLINGS if _SPELLINGS & config.keys() else ())}
    return [name for name in given if name not in held]


def list_given(
    owner: type, init: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the optional arguments of a constructor whose values differ from the defaults.

    They include arguments passed on to base classes, even those that the base classes require.
    """
    own = dict(list(inspect.signature(init).parameters.items())[1:])
    given = {**kwargs, **dict(zip(own, args, strict=False))}
    parameters = {**own, **find_all_parameters(owner)}
    return tuple(
        name
        for name, one in parameters.items()
        if name in given
        and (name not in own or one.default is not one.empty)
        and not is_same(given[name], one.default)
    )


def is_same(value: object, default: object) -> bool:
    """Return whether a value is the default of its parameter."""
    return value is default or (type(value) is type(default) and repr(value) == repr(default))


def _list_differing(
    kept: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> list[str]:
    """Return the arguments whose attribute of the same name shows that they were given.

    An attribute whose type differs from the default's may be computed: ``name=None`` becomes a name.
    """
    return [
        name
        for name, parameter in parameters.items()
        if name in kept
        and type(kept[name]) is type(parameter.default)
        and is_literal(kept[name])
        and not is_same(kept[name], parameter.default)
    ]


def has_own_scheme(owner: type, config: Mapping[str, Any]) -> bool:
    """Whether a class's own ``from_config`` reads keys that are no arguments; such a class is trusted."""
    reader = next((one for one in owner.__mro__ if "from_config" in vars(one)), None)
    if reader is None or _is_believed(reader):
        return False
    known = {name for one in owner.__mro__ for name in find_parameters(one) or ()}
    return not config.keys() <= known


def _is_believed(owner: type) -> bool:
    return has_complete_config(owner) or owner.__module__.partition(".")[0] == "torch"
