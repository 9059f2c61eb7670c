"""Parameters of callables, as far as Python can read their signatures."""

from __future__ import annotations

import inspect
from typing import Any

VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def find_parameters(target: Any) -> dict[str, inspect.Parameter] | None:
    """Return the parameters of a callable by name, or None where Python cannot read its signature."""
    try:
        return dict(inspect.signature(target).parameters)
    except (TypeError, ValueError):  # functions written in C often have none
        return None


def has_parameter(target: Any, name: str) -> bool:
    """Whether a callable has a parameter of this name, or passes it on to a base class that has it."""
    parameter = find_all_parameters(target).get(name)
    return parameter is not None and parameter.kind not in VARIADIC


def find_all_parameters(target: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a callable, and of the base classes that it passes further keywords on to."""
    parameters = find_parameters(target) or {}
    if takes_any_keyword(target) and inspect.isclass(target):
        for base in target.__mro__[1:]:
            parameters = {**(find_parameters(base) or {}), **parameters}
    return parameters


def takes_any_keyword(target: Any) -> bool:
    """Return whether a callable has ``**kwargs``."""
    return any(item.kind is item.VAR_KEYWORD for item in (find_parameters(target) or {}).values())
