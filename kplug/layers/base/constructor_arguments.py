"""Errors for unknown and missing constructor arguments of layers, with suggestions."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kplug.backend import auto_name
from kplug.configurable import list_keywords
from kplug.dialect.keras2.renamed_arguments import find_present_names
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.registry.building.lost_arguments import list_given
from kplug.registry.building.recorded_lookups import bind_all, remembering
from kplug.registry.building.roles import find_parameters, takes_any_keyword
from kplug.registry.facts import has_complete_config
from kplug.registry.suggestions import unknown_argument

# A configuration has it only where it is known.
_NEVER_KEPT = ("batch_input_shape",)
# What the configuration of every layer may have, whatever its constructor takes.
_OF_EVERY_LAYER = ("name", "trainable", "dtype", "activity_regularizer", *_NEVER_KEPT)


def list_kept_arguments(layer: object) -> dict[str, Any]:
    """Return the constructor's arguments that a layer keeps under their own names, if JSON can hold them.

    Example:
        >>> class Scale:
        ...     def __init__(self, factor, table): self.factor, self.table = factor, object()
        >>> list_kept_arguments(Scale(2.0, {}))
        {'factor': 2.0}
    """
    kept = vars(layer)
    left_out = {*_NEVER_KEPT, *kept.get("changed_arguments", ())}
    return {
        name: kept[name]
        for name in list_keywords(type(layer))
        if name in kept and name not in left_out and _is_plain(kept[name])
    }


def list_untaken(layer_class: type, config: Mapping[str, Any]) -> list[str]:
    """Return the keys of a configuration that every layer has and that a constructor does not take.

    Example:
        >>> class Scale:
        ...     def __init__(self, factor): ...
        >>> list_untaken(Scale, {"name": "scale", "factor": 2.0})
        ['name']
    """
    if takes_any_keyword(layer_class):
        return []
    taken = find_parameters(layer_class) or {}
    return [key for key in _OF_EVERY_LAYER if key in config and key not in taken]


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def read_name(layer_class: type, name: object) -> str:
    """Return the name of a layer; one that is made from its class, if none was given.

    Raises:
        ArgumentValueError: It is no string, or an empty one.
    """
    if name is None:
        return auto_name(layer_class.__name__)
    if not isinstance(name, str) or not name:
        raise ArgumentValueError(layer_class.__name__, "name", name, "a string that is not empty")
    return name


def refuse_keywords(layer_class: type, unknown: Iterable[str]) -> None:
    """Refuse keyword arguments that no constructor of the class takes.

    Raises:
        ArgumentError: There are such; the message suggests the one that was meant.
    """
    names = list(unknown)
    if not names:
        return
    known = list_keywords(layer_class)
    former = find_present_names(names, known)
    raise unknown_argument(layer_class.__name__, names, known, former)


def watching_arguments(owner: type, init: Callable[..., None]) -> Callable[..., None]:
    """Return a constructor that names the class that was called if a required argument is missing.

    Python names the class that wrote the constructor, which may be one that nobody has heard of. Without
    `complete_config` a layer also remembers which optional arguments it was given, since its ``get_config``
    may forget them, and which its constructor keeps with another value under the same name:
    ``self.rate = 1 - rate`` is no answer to what the layer was made with.
    """

    @functools.wraps(init)
    def watched(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            with remembering(self, lambda: bind_all(init, (self, *args), kwargs)):
                init(self, *args, **kwargs)
        except TypeError as error:
            missing = [name for name in _list_required(init, len(args)) if name not in kwargs]
            # Called by a subclass's constructor it is the author who left the argument out.
            if not missing or type(self).__init__ is not watched:
                raise
            example = ", ".join(f"{name}=…" for name in _list_required(init))
            raise ArgumentError(
                f"{type(self).__name__} needs {' and '.join(map(repr, missing))}",
                hint=f"Write {type(self).__name__}({example}). "
                f"Known: {', '.join(list_keywords(type(self)))}.",
            ) from error
        if has_complete_config(owner):
            return
        # Past `__setattr__`, which fails where the constructor forgot that of Layer.
        state = vars(self)
        changed = {*state.get("changed_arguments", ()), *_list_changed(init, args, kwargs, state)}
        state["changed_arguments"] = tuple(changed)
        if type(self).__init__ is watched:
            state["given_arguments"] = list_given(type(self), init, args, kwargs)

    return watched


def _list_changed(
    init: Callable[..., None],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    state: Mapping[str, Any],
) -> list[str]:
    """Return the names of arguments that are attributes too, with another value."""
    bound = inspect.signature(init).bind(None, *args, **kwargs)
    bound.apply_defaults()
    return [
        name
        for name, value in bound.arguments.items()
        if name in state and _is_plain(state[name]) and not _is_equal(state[name], value)
    ]


def _is_equal(kept: object, given: object) -> bool:
    """Return whether two values are one in JSON, where a tuple is a list and 1.0 is 1."""
    return _is_plain(given) and (kept == given or json.dumps(kept) == json.dumps(given))


def _list_required(init: Callable[..., None], given: int = 0) -> list[str]:
    """Return the arguments that a constructor needs after those that are given by position."""
    parameters = list(inspect.signature(init).parameters.values())[1 + given :]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in variadic]
