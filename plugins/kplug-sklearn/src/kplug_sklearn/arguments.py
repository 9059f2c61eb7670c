"""`add_arguments`: gives a loss or an optimizer further arguments, in whichever form it is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from kplug import Spec, parse_spec, resolve
from kplug.errors import ArgumentError

_RATE = frozenset({"lr", "learning_rate"})


def add_arguments(owner: str, slot: str, given: Any, arguments: Mapping[str, Any]) -> Any:
    """Return a component for ``compile`` with further arguments.

    Args:
        owner: Whose it is, for messages.
        slot: ``"loss"`` or ``"optimizer"``.
        given: Its name, spec, dict, class, function or instance.
        arguments: The arguments, which count before those that it has.

    Raises:
        ArgumentError: An instance, which is made already, is given arguments.

    Example:
        >>> print(add_arguments("search", "optimizer", "adam(lr=0.1)", {"lr": 0.5, "beta_1": 0.8}))
        adam(lr=0.5, beta_1=0.8)
    """
    # Those that scipy's distributions draw are NumPy's numbers, and those of a spec are Python's.
    plain = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in arguments.items()
    }
    if not plain:
        return given
    if isinstance(given, (str, Spec, Mapping)):
        spec = _read(slot, given)
        former = _RATE if _RATE & plain.keys() else frozenset()  # `replace` knows one spelling
        kept = {name: value for name, value in spec.kwargs.items() if name not in former}
        return Spec(spec.ref, spec.args, kept).replace(**plain)
    if inspect.isclass(given) or inspect.isroutine(given):
        is_made_here = slot == "loss" and inspect.isclass(
            given
        )  # of an optimizer `compile` has the weights
        return given(**plain) if is_made_here else functools.partial(given, **plain)
    raise ArgumentError(
        f"{owner}__{next(iter(plain))} is given, and the {slot} is made already: {type(given).__name__}",
        hint=f"Give the {slot} by its name, or its class.",
    )


def _read(slot: str, given: str | Spec | Mapping[str, Any]) -> Spec:
    if isinstance(given, Spec):
        return given
    return parse_spec(given) if isinstance(given, str) else resolve(slot, given).written
