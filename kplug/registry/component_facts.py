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

from kplug.registry.component import Anything, check_name, mark, own_attributes
from kplug.registry.errors import RegistrationError
from kplug.registry.parameters import VARIADIC, find_parameters, takes_any_keyword
from kplug.registry.quoting import name_type, quote
from kplug.registry.suggestions import did_you_mean

_NON_MUTATING = "__kplug_non_mutating__"
_OUTPUT_COUNT = "__kplug_output_count__"
_COMPLETE_CONFIG = "__kplug_complete_config__"
_RENAMED, _IDLE = "__kplug_renamed_arguments__", "__kplug_idle_arguments__"
_METRIC_NAMES = "__kplug_metric_names__"
_KERAS_CLASS = "__kplug_keras_class__"
_KERAS_MODULE = "__kplug_keras_module__"
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
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
    _check_definition(target, "non_mutating")
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
    save one whose ``get_config`` leaves some out. A layer that lacks what its constructor requires is refused
    in any case, unless its own ``from_config`` makes it. Subclasses do not inherit the statement.
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
    _check_definition(target, "complete_config")
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

    def state(target: Anything) -> Anything:
        _check_definition(target, "keras_class")
        return mark(target, _KERAS_CLASS, path or "")

    return state


def find_keras_path(target: object) -> str | None:
    """Return module and name of the Keras class that `keras_class` states, or None.

    Raises:
        RegistrationError: if the attribute of its package names no module.
    """
    path: str | None = own_attributes(target).get(_KERAS_CLASS)
    if path is None and inspect.isclass(target):
        module = _find(target, _KERAS_MODULE)
        if module and not (isinstance(module, str) and _MODULE.fullmatch(module)):
            raise RegistrationError(
                f"{_KERAS_MODULE} of {_find_owner(target, _KERAS_MODULE)} is {quote(module)}, which names "
                "no module of Keras",
                hint=f"Give a module, as in {_KERAS_MODULE} = 'keras.layers'.",
            )
        path = f"{module}.{target.__name__}" if module else None
    return path or None


def metric_named(*names: str) -> Callable[[Anything], Anything]:
    """State that a loss is a metric too, under these names. State it where no metric computes the same.

    Callbacks then know that smaller values are better. The names count as those of `kplug.named` do: a hook
    for metrics that returns the loss itself offers all of them. Subclasses do not inherit the statement.

    Args:
        names: The declared name, then its aliases.

    Raises:
        RegistrationError: for a name outside the grammar.

    Example:
        >>> @metric_named("half_square")
        ... def half_square_loss(y_true, y_pred):
        ...     return (y_true - y_pred).square() / 2
        >>> find_metric_names(half_square_loss)
        ('half_square',)
    """
    for name in names:
        check_name(name)

    def state(target: Anything) -> Anything:
        _check_definition(target, "metric_named")
        return mark(target, _METRIC_NAMES, names)

    return state


def find_metric_names(target: object) -> tuple[str, ...]:
    """Return the names that `metric_named` wrote on a loss; empty without the mark."""
    return tuple(own_attributes(target).get(_METRIC_NAMES, ()))


def renamed_arguments(**former: str) -> Callable[[Anything], Anything]:
    """State the present names of arguments that a class or function has renamed.

    Files and specs may then use the former names. A subclass that passes keywords on accepts them, too.

    Args:
        former: The present name for each former one. Several of these decorators add up, and a present name
            may itself be renamed in a later version: the last one counts.

    Raises:
        RegistrationError: if a present name is no argument, a former one still is, or one of them has two
            meanings.

    Example:
        >>> @renamed_arguments(smooth="epsilon")
        ... def overlap(y_true, y_pred, epsilon=1.0): ...
        >>> find_renamed_arguments(overlap)
        {'smooth': 'epsilon'}
    """
    for name, present in dict[str, Any](former).items():
        if not isinstance(present, str) or not present.isidentifier():
            raise RegistrationError(
                f"the present name of {quote(name)} is {quote(present)}",
                hint=f"Give the name of an argument: @renamed_arguments({name}='epsilon').",
            )
    return lambda target: _state_former(target, _RENAMED, former)


def idle_arguments(**idle: Any) -> Callable[[Anything], Anything]:
    """State which arguments of an earlier version no longer have an effect; files and specs may give them.

    Args:
        idle: For each argument a tuple of its accepted values, or ``...`` for any. Another value is refused
            like an unknown argument, since it requests a removed feature.

    Raises:
        RegistrationError: if it is not a tuple, the argument still exists, or it has two meanings.

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
    return lambda target: _state_former(target, _IDLE, idle)


def find_renamed_arguments(target: object) -> dict[str, str]:
    """Return the `renamed_arguments` of a function, or of a class and its bases."""
    return _join(target, _RENAMED)


def find_idle_arguments(target: object) -> dict[str, Any]:
    """Return the `idle_arguments` of a function, or of a class and its bases."""
    return _join(target, _IDLE)


def _check_definition(target: object, decorator: str) -> None:
    """Refuse what is neither a class nor a function, such as an instance or a partial."""
    if not callable(target) or not hasattr(target, "__qualname__"):
        raise _refuse_target(target, decorator)


def _refuse_target(target: object, decorator: str) -> RegistrationError:
    return RegistrationError(
        f"@{decorator} states a fact about a class or function, and is given {quote(target)}, "
        f"{name_type(target)}",
        hint=f"Write @{decorator} above the 'class' or 'def' of the component.",
    )


def _state_former(target: Anything, fact: str, stated: dict[str, Any]) -> Anything:
    """Add former arguments to those that a class or function states."""
    if not callable(target):
        raise _refuse_target(target, fact.removeprefix("__kplug_").removesuffix("__"))
    for name, meaning in stated.items():
        _check_meaning(target, name, meaning)
        _check_names(target, name, meaning, stated)
    before = own_attributes(target).get(fact, {})
    target = mark(target, fact, {**before, **stated})
    for name in stated:
        names = follow_renames(target, name)
        if isinstance(again := find_former(target, names[-1]), str):
            mark(target, fact, before)
            chain = " → ".join(map(quote, (*names, again)))
            raise RegistrationError(
                f"the former arguments of {name_target(target)} lead back to themselves: {chain}",
                hint="Give the present name of each.",
            )
    return target


def _check_meaning(target: Any, name: str, meaning: Any) -> None:
    for fact in (_RENAMED, _IDLE):
        before = own_attributes(target).get(fact, {}).get(name, meaning)
        if before is not meaning and quote(before) != quote(meaning):
            raise RegistrationError(
                f"the former argument {quote(name)} of {name_target(target)} is stated twice: "
                f"{quote(before)} and {quote(meaning)}",
                hint="State each former name once, as renamed or as idle.",
            )


def _check_names(target: Any, name: str, meaning: Any, stated: dict[str, Any]) -> None:
    known = _list_names(target)
    if name in known:
        raise RegistrationError(
            f"{quote(name)} is stated as a former argument of {name_target(target)}, and it still is one",
            hint=f"A former name is in the signature no longer. Known: {', '.join(known)}.",
        )
    if not isinstance(meaning, str) or meaning in known or takes_any_keyword(target):
        return
    # A class without a constructor may get one from a decorator above, such as `dataclass`.
    is_open = inspect.isclass(target) and target.__init__ is object.__init__
    if is_open or find_parameters(target) is None:
        return
    if meaning not in {**stated, **find_renamed_arguments(target), **find_idle_arguments(target)}:
        question = did_you_mean(meaning, known)
        raise RegistrationError(
            f"{name_target(target)} has no argument {quote(meaning)}, which is stated as the present name "
            f"of {quote(name)}{f'. {question}' if question else ''}",
            hint=f"Known: {', '.join(known) or 'none'}.",
        )


def follow_renames(target: Any, name: str) -> list[str]:
    """Return an argument's name and those to which it was renamed one after the other, the present last."""
    names = [name]
    while isinstance(later := find_former(target, names[-1]), str) and later not in names:
        names.append(later)
    return names


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


def _find_owner(target: type, fact: str) -> str:
    """Return the name of the module or package, or of the class itself, that states a fact."""
    name = "" if fact in own_attributes(target) else target.__module__
    while name and fact not in own_attributes(sys.modules.get(name)):
        name = name.rpartition(".")[0]
    return name or target.__name__


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
