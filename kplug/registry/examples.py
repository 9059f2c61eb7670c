"""`Example`: instructions for testing a component, which its author attaches to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kplug.registry.component import Component

Target = TypeVar("Target", bound=Callable[..., Any])

_MARK = "__kplug_example__"


@dataclass(frozen=True)
class Example:
    """Instructions for testing a component.

    Args:
        arguments: The constructor arguments; needed where the signature has no defaults.
        inputs: The arguments of a call, one array each, floats in float64:
            ``(y_true, y_pred)`` for losses and metrics (their first axis counts the samples), ``(x,)`` for
                activations, ``(weight_matrix,)`` for regularizers and constraints; or a function that returns
                them. None tries default inputs.
            shape: The shape for which an initializer is called. None tries default shapes.
            variance: The expected variance of an initializer's values for that shape, which should then have
                10 000 values or more. None to skip the comparison.
            leave_out: Checks that cannot hold for this component, each with the reason.
            reference: What computes the same and is not built on it, for the check ``reference`` of the level
                gold: the text of a target such as ``"keras.losses:Huber"``, of which a class is made with
                ``arguments`` and a function called with them; or a `kplug.Component`, which states its role.

    Example:
        >>> Example({"smooth": 1e-5}, leave_out={"gradcheck": "a straight-through gradient"}).arguments
        {'smooth': 1e-05}
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[Any] | Callable[[], Sequence[Any]] | None = None
    shape: tuple[int, ...] | None = None
    variance: float | None = None
    leave_out: Mapping[str, str] = field(default_factory=dict)
    reference: str | Component | None = None

    def __str__(self) -> str:
        return json.dumps(self.arguments, default=repr)


def example(arguments: Mapping[str, Any] | None = None, **facts: Any) -> Callable[[Target], Target]:
    """Attach an example to a class or function, for ``kplug check`` and for tests.

    Args:
        arguments: The constructor arguments.
        facts: ``inputs``, ``shape``, ``variance``, ``leave_out`` and ``reference``, as in `kplug.Example`.

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
    """Return the example attached to an object; None without one. Subclasses do not inherit it."""
    found = getattr(target, "__dict__", {}).get(_MARK)
    return found if isinstance(found, Example) else None
