"""Facts about a component that its author states beside the class or function.

A decorator states a fact of one class or function. An attribute of a module or package states it of
everything that is defined there, unless the class says otherwise.
"""

from __future__ import annotations

import sys
from typing import Any

from kplug.registry.component import Anything, mark, own_attributes

_NON_MUTATING = "__kplug_non_mutating__"


def non_mutating(target: Anything) -> Anything:
    """State that a class or function leaves every tensor as it is that it is handed.

    kplug then calls it with the tensors themselves and watches none of them. A layer may still change its own
    weights, and a metric its own state. A subclass is another component: it says so itself.
    ``__kplug_non_mutating__ = True`` at the top of a module or package states it of all classes and functions
    in there.

    Example:
        >>> @non_mutating
        ... def half_square(y_true, y_pred):
        ...     return (y_true - y_pred).square() / 2
        >>> is_non_mutating(half_square), is_non_mutating(lambda y_true, y_pred: y_pred)
        (True, False)
    """
    return mark(target, _NON_MUTATING, True)


def is_non_mutating(component: object) -> bool:
    """Return whether the author of a class or function, or of an object's class, states `non_mutating`."""
    target = component if hasattr(component, "__qualname__") else type(component)
    return bool(_find(target, _NON_MUTATING))


def _find(target: object, fact: str) -> Any:
    """Return what is stated of a class or function, by itself or by the module and packages that it is in."""
    stated = own_attributes(target).get(fact)
    module = str(getattr(target, "__module__", ""))
    while stated is None and module:
        stated = own_attributes(sys.modules.get(module)).get(fact)
        module = module.rpartition(".")[0]
    return stated
