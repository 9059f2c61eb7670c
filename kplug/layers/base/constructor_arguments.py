"""Errors for unknown and missing constructor arguments of layers, with suggestions."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kplug.backend import auto_name
from kplug.components.configurable import list_keywords
from kplug.dialect.keras2.renamed_arguments import find_present_names
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.registry.building.lost_arguments import list_given
from kplug.registry.building.recorded_lookups import bind_all, remembering
from kplug.registry.component_facts import has_complete_config
from kplug.registry.parameters import find_parameters, takes_any_keyword
from kplug.registry.suggestions import unknown_argument

# A configuration contains it only if it is known.
_NEVER_KEPT = ("batch_input_shape",)
# Keys that any layer's configuration may contain, whatever its constructor takes.
_OF_EVERY_LAYER = ("name", "trainable", "dtype", "activity_regularizer", *_NEVER_KEPT)


def list_kept_arguments(layer: object) -> dict[str, Any]:
    """Return the constructor arguments stored as attributes of the same name, if JSON can hold them.

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
    """Return the common keys of a configuration that the constructor does not take.

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
    """Return the layer's name; without one, a name derived from its class.

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
        ArgumentError: There are some; the message suggests the closest known name.
    """
    names = list(unknown)
    if not names:
        return
    known = list_keywords(layer_class)
    former = find_present_names(names, known)
    raise unknown_argument(layer_class.__name__, names, known, former)


def watching_arguments(owner: type, init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a constructor so that errors for missing arguments name the called class.

    Python names the class that defines the constructor, which the user may not know. Without
    `complete_config` the wrapper also records the optional arguments of the call, since ``get_config`` may
    omit them, and the attributes whose values differ from the arguments of the same name, as after
    ``self.rate = 1 - rate``.
    """

    @functools.wraps(init)
    def watched(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            with remembering(self, lambda: bind_all(init, (self, *args), kwargs)):
                init(self, *args, **kwargs)
        except TypeError as error:
            missing = [name for name in _list_required(init, len(args)) if name not in kwargs]
            # In a call from a subclass's constructor, the author omitted the argument.
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
        # Bypass `__setattr__`, which fails if the constructor did not call Layer's.
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
    """Return the names of arguments whose attribute of the same name has another value."""
    bound = inspect.signature(init).bind(None, *args, **kwargs)
    bound.apply_defaults()
    return [
        name
        for name, value in bound.arguments.items()
        if name in state and _is_plain(state[name]) and not _is_equal(state[name], value)
    ]


def _is_equal(kept: object, given: object) -> bool:
    """Return whether two values are equal in JSON, where tuples are lists and 1.0 is 1."""
    return _is_plain(given) and (kept == given or json.dumps(kept) == json.dumps(given))


def _list_required(init: Callable[..., None], given: int = 0) -> list[str]:
    """Return the required arguments that remain after the positional ones."""
    parameters = list(inspect.signature(init).parameters.values())[1 + given :]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in variadic]
