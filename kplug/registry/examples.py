"""`Example`: instructions for testing a component, which its author attaches to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Target = TypeVar("Target", bound=Callable[..., Any])

_MARK = "__kplug_example__"


@dataclass(frozen=True)
class Example:
    """How a component is to be tested.

    Args:
        arguments: What it is made with; needed where the signature has no defaults.
        inputs: What it is called with, one array for each argument, floats in float64:
            ``(y_true, y_pred)`` for losses and metrics (their first axis counts the samples), ``(x,)`` for
            activations, ``(weight_matrix,)`` for regularizers and constraints; or a function that returns
            them. None tries usual ones.
        shape: Shape that an initializer is called with. None tries usual ones.
        variance: What the values of an initializer vary by, for that shape, which should then have
            10 000 values or more. None if it says nothing about it.
        leave_out: Checks that cannot hold for this component, each with the reason.

    Example:
        >>> Example({"smooth": 1e-5}, leave_out={"gradcheck": "a straight-through gradient"}).arguments
        {'smooth': 1e-05}
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[Any] | Callable[[], Sequence[Any]] | None = None
    shape: tuple[int, ...] | None = None
    variance: float | None = None
    leave_out: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return json.dumps(self.arguments, default=repr)


def example(arguments: Mapping[str, Any] | None = None, **facts: Any) -> Callable[[Target], Target]:
    """Write on a class or function how the contract suite tests it, for ``kplug check`` and for tests.

    Args:
        arguments: What it is made with.
        facts: ``inputs``, ``shape``, ``variance`` and ``leave_out``, as `kplug.Example` has them.

    Raises:
        TypeError: for another fact.

    Example:
        >>> @example({"strength": 0.1})
        ... def shrink(weight_matrix, strength):
        ...     return strength * weight_matrix.abs().sum()
        >>> find_example(shrink).arguments
        {'strength': 0.1}
    """
    found = Example(arguments or {}, **facts)

    def mark(target: Target) -> Target:
        setattr(target, _MARK, found)
        return target

    return mark


def find_example(target: object) -> Example | None:
    """Return what `example` has written on an object; None where it has not, as on a subclass of it."""
    found = getattr(target, "__dict__", {}).get(_MARK)
    return found if isinstance(found, Example) else None
