"""Checks of optimizer arguments: each returns the value as a float, or says what is allowed.

Everything is checked before anything is assigned, so a refused argument leaves no half-made optimizer.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import torch

from kplug.backend import epsilon as default_epsilon
from kplug.errors import ArgumentError, ArgumentValueError, ContractError

Schedule: TypeAlias = Callable[[int], float]
Check: TypeAlias = Callable[[str, str, object], float]

RATE_ALLOWED: Final = "a finite number >= 0, or a learning-rate schedule"


class DefaultRate(float):
    """A learning rate that nobody typed.

    It makes ``Adam(learning_rate=0.1)`` distinguishable from ``Adam(lr=0.001, learning_rate=0.1)``
    while the signature still shows a number.
    """


def is_number(value: object) -> bool:
    """Tell whether the value is one real number: Python's, NumPy's, or a 0-d array or tensor."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _check_interval(
    owner: str, argument: str, value: object, allowed: str, is_allowed: Callable[[float], bool]
) -> float:
    if not is_number(value):
        raise ArgumentValueError(owner, argument, value, allowed)
    number = float(value)  # type: ignore[arg-type]
    if not is_allowed(number):
        raise ArgumentValueError(owner, argument, value, allowed)
    return number


def check_nonnegative(owner: str, argument: str, value: object) -> float:
    """Return a finite number >= 0."""
    return _check_interval(
        owner, argument, value, "a finite number >= 0", lambda number: 0.0 <= number < math.inf
    )


def check_beta(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of a moving average whose bias is corrected: 1 would divide by zero."""
    return _check_interval(
        owner, argument, value, "a number in [0, 1)", lambda number: 0.0 <= number < 1.0
    )


def check_rho(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of a moving average without bias correction."""
    return _check_interval(
        owner, argument, value, "a number in [0, 1]", lambda number: 0.0 <= number <= 1.0
    )


def check_epsilon(owner: str, argument: str, value: object) -> float:
    """Return the fuzz factor; ``None`` is the value of ``K.epsilon()`` at this moment."""
    if value is None:
        return float(default_epsilon())
    return _check_interval(
        owner,
        argument,
        value,
        "a finite number >= 0, or None for K.epsilon()",
        lambda number: 0.0 <= number < math.inf,
    )


def check_rate(owner: str, argument: str, value: object) -> float:
    """Return a constant learning rate."""
    return _check_interval(
        owner, argument, value, RATE_ALLOWED, lambda number: 0.0 <= number < math.inf
    )


def check_flag(owner: str, argument: str, value: object) -> bool:
    """Return a boolean; 0 and 1 pass, a text such as ``"false"`` does not."""
    if isinstance(value, bool) or (is_number(value) and value in (0, 1)):
        return bool(value)
    raise ArgumentValueError(owner, argument, value, "True or False")


def choose_rate(owner: str, lr: object, learning_rate: object) -> tuple[str, object]:
    """Return the spelling that was used and its value; using both is an error."""
    if learning_rate is None:
        return "lr", lr
    if isinstance(lr, DefaultRate):
        return "learning_rate", learning_rate
    raise ArgumentError(
        f"{owner}: 'lr' and 'learning_rate' are two spellings of one argument, and both were given: "
        f"lr={lr!r}, learning_rate={learning_rate!r}",
        hint="Give one of them.",
    )


def check_parameters(owner: str, params: Iterable[Any]) -> list[torch.Tensor]:
    """Return the parameters as a list that an optimizer can train, each once.

    Raises:
        ContractError: If there are none, or one is no floating-point leaf tensor, or one is repeated.
    """
    parameters = list(params)
    if not parameters:
        raise ContractError(
            f"{owner}: there is nothing to train, the list of parameters is empty",
            hint="Give the model a layer with trainable weights.",
        )
    seen: set[int] = set()
    for position, parameter in enumerate(parameters):
        reason = _find_objection(parameter)
        if reason is None and id(parameter) in seen:
            reason = "stands in the list twice"
        if reason is not None:
            raise ContractError(
                f"{owner}: parameter {position} {reason}",
                hint="Pass model.parameters(), or a list of torch.nn.Parameter.",
            )
        seen.add(id(parameter))
    return parameters


def _find_objection(parameter: object) -> str | None:
    if not isinstance(parameter, torch.Tensor):
        return f"is a {type(parameter).__name__}, not a tensor"
    if not parameter.is_floating_point():
        return f"has dtype {parameter.dtype}, and only floating-point tensors can be trained"
    if not (parameter.is_leaf or parameter.retains_grad):
        return "is the result of a computation, not a leaf tensor"
    return None
