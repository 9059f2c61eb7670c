"""Decorators with which authors state facts about a component.

A decorator states a fact about one class or function. An attribute of a module or package states it about
everything defined there, unless the class says otherwise.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

from kplug.registry.building.roles import VARIADIC, find_parameters, takes_any_keyword
from kplug.registry.component import Anything, mark, own_attributes
from kplug.registry.errors import RegistrationError
from kplug.registry.quoting import quote

_NON_MUTATING = "__kplug_non_mutating__"
_OUTPUT_COUNT = "__kplug_output_count__"
_COMPLETE_CONFIG = "__kplug_complete_config__"
_RENAMED, _IDLE = "__kplug_renamed_arguments__", "__kplug_idle_arguments__"
_KERAS_CLASS = "__kplug_keras_class__"
_KERAS_MODULE = "__kplug_keras_module__"
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def non_mutating(target: Anything) -> Anything:
    """State that a class or function never changes its input tensors in place.

    kplug then passes the tensors themselves and skips its checks for in-place changes. A layer may still
    change its own weights, and a metric its own state. An error of torch in the ``call`` of such a layer is
    explained by the layer's name and the shapes of its inputs. Subclasses do not inherit the statement.
    ``__kplug_non_mutating__ = True`` at the top of a module or package states it for all its classes and
    functions.

    Example:
        >>> @non_mutating
        ... def half_square(y_true, y_pred):
        ...     return (y_true - y_pred).square() / 2
        >>> is_non_mutating(half_square)
        True
    """
    return mark(target, _NON_MUTATING, True)


def is_non_mutating(component: object) -> bool:
    """Return whether the author of a class or function, or of an object's class, states `non_mutating`.

    A ``functools.partial`` is its function. A wrapper is another function than the wrapped one, although
    ``functools.wraps`` copies attributes and module.
    """
    while isinstance(component, functools.partial):
        component = component.func
    target = component if hasattr(component, "__qualname__") else type(component)
    if not inspect.isfunction(target):
        return bool(_find(target, _NON_MUTATING))
    own = own_attributes(target)
    wrapped = own_attributes(own.get("__wrapped__"))
    if own.get(_NON_MUTATING) and not wrapped.get(_NON_MUTATING):
        return True
    return bool(_find_in_module(str(target.__globals__.get("__name__", "")), _NON_MUTATING))


def states_output_count(owner: type) -> bool:
    """Return whether layers of a module are said to make one tensor if they do not state another number.

    Of other layers the outputs are counted when they are first called in a graph.
    """
    return _find(owner, _OUTPUT_COUNT) is not None


def complete_config(target: Anything) -> Anything:
    """State that ``get_config`` of a class returns all constructor arguments, in whatever form.

    kplug then trusts the configuration. Otherwise it records the arguments of each object, and refuses to
    save one whose ``get_config`` leaves some out. Subclasses do not inherit the statement.
    ``__kplug_complete_config__ = True`` at the top of a module or package states it for all its classes.

    Example:
        >>> @complete_config
        ... class Scaled:
        ...     def __init__(self, percent):
        ...         self.factor = percent / 100
        ...
        ...     def get_config(self):
        ...         return {"percent": self.factor * 100}
        >>> has_complete_config(Scaled)
        True
    """
    return mark(target, _COMPLETE_CONFIG, True)


def has_complete_config(owner: type) -> bool:
    """Return whether the author of a class states `complete_config`."""
    return bool(_find(owner, _COMPLETE_CONFIG))


def keras_class(path: str | None) -> Callable[[Anything], Anything]:
    """State that a class computes the same as a class of Keras, and shares its configuration.

    Files then name Keras's class, so Keras can open them, and kplug finds this class again. Arguments from
    older versions of Keras are read under their present names. A layer must have the name of Keras's class as
    its name or alias; so must every component that is to be found where a file names Keras's class alone.
    Older names of that class are aliases, too. Subclasses do not inherit the statement.
    ``__kplug_keras_module__ = "keras.layers"`` at the top of a module or package states it for each component
    class there, with the class of the same name in that module of Keras.

    Args:
        path: Module and name of Keras's class, such as ``keras.optimizers.Nadam``; None for a class that has
            no counterpart in Keras, despite the attribute of its package.

    Raises:
        RegistrationError: if the path is invalid.

    Example:
        >>> @keras_class("keras.optimizers.Nadam")
        ... class WarmNadam: ...
        >>> find_keras_path(WarmNadam)
        'keras.optimizers.Nadam'
    """
    if path is not None and _PATH.fullmatch(str(path)) is None:
        raise RegistrationError(
            f"{quote(path)} does not name a class of Keras",
            hint="Give module and name: @keras_class('keras.optimizers.Nadam').",
        )
    return lambda target: mark(target, _KERAS_CLASS, path or "")


def find_keras_path(target: object) -> str | None:
    """Return module and name of the Keras class that `keras_class` states, or None."""
    path: str | None = own_attributes(target).get(_KERAS_CLASS)
    if path is None and inspect.isclass(target):
        module = _find(target, _KERAS_MODULE)
        path = f"{module}.{target.__name__}" if module else None
    return path or None


def renamed_arguments(**former: str) -> Callable[[Anything], Anything]:
    """State the present names of arguments that a class or function has renamed.

    Files and specs may then use the former names. A subclass that passes keywords on accepts them, too.

    Args:
        former: The present name for each former one.

    Example:
        >>> @renamed_arguments(smooth="epsilon")
        ... def overlap(y_true, y_pred, epsilon=1.0): ...
        >>> find_renamed_arguments(overlap)
        {'smooth': 'epsilon'}
    """
    return lambda target: mark(target, _RENAMED, former)


def idle_arguments(**idle: Any) -> Callable[[Anything], Anything]:
    """State which arguments of an earlier version no longer have an effect; files and specs may give them.

    Args:
        idle: For each argument a tuple of its accepted values, or ``...`` for any. Another value is refused
            like an unknown argument, since it requests a removed feature.

    Raises:
        RegistrationError: if it is not a tuple.

    Example:
        >>> @idle_arguments(fused=(True, False), legacy=(None,))
        ... def overlap(y_true, y_pred): ...
        >>> find_idle_arguments(overlap)
        {'fused': (True, False), 'legacy': (None,)}
    """
    for name, values in idle.items():
        if values is not ... and not isinstance(values, tuple):
            raise RegistrationError(
                f"the values at which {quote(name)} is idle are {quote(values)}",
                hint=f"Give a tuple of them, or ... for any: @idle_arguments({name}=(None,)).",
            )
    return lambda target: mark(target, _IDLE, idle)


def find_renamed_arguments(target: object) -> dict[str, str]:
    """Return the `renamed_arguments` of a function, or of a class and its bases."""
    return _join(target, _RENAMED)


def find_idle_arguments(target: object) -> dict[str, Any]:
    """Return the `idle_arguments` of a function, or of a class and its bases."""
    return _join(target, _IDLE)


def find_former(target: Any, name: str) -> Any:
    """Return what is stated of an argument's former name: a present name, or values at which it is idle.

    Of a class and its bases the nearest one that knows the name decides. None means that nothing is stated,
    or that the name is still a parameter.
    """
    owners = target.__mro__ if inspect.isclass(target) else (target,)
    for owner in owners:
        if (owner is target or takes_any_keyword(target)) and name in _list_names(owner):
            return None
        for fact in (_RENAMED, _IDLE):
            if name in (stated := own_attributes(owner).get(fact, {})):
                return stated[name]
    return None


def name_target(target: Any) -> str:
    """Return the name of a class or function, or of the one behind a partial or an instance."""
    target = getattr(target, "func", target)
    return str(getattr(target, "__name__", type(target).__name__))


def _list_names(target: object) -> list[str]:
    parameters = (find_parameters(target) or {}).values()
    return [parameter.name for parameter in parameters if parameter.kind not in VARIADIC]


def _join(target: object, fact: str) -> dict[str, Any]:
    owners = reversed(target.__mro__) if inspect.isclass(target) else (target,)
    return {
        key: value for one in owners for key, value in own_attributes(one).get(fact, {}).items()
    }


def _find(target: object, fact: str) -> Any:
    """Return a fact stated by a class or function itself, or by its module and packages."""
    stated = own_attributes(target).get(fact)
    if stated is not None:
        return stated
    return _find_in_module(str(getattr(target, "__module__", "")), fact)


def _find_in_module(module: str, fact: str) -> Any:
    """Return a fact stated by a module or by one of its packages."""
    stated = None
    while stated is None and module:
        stated = own_attributes(sys.modules.get(module)).get(fact)
        module = module.rpartition(".")[0]
    return stated
