"""Checks of what several optimizers are given: hyperparameters, both spellings of the rate, parameters.

Everything is checked before anything is assigned, so a refused argument leaves no half-made optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import torch

from kplug.arguments import require_number
from kplug.backend import epsilon as default_epsilon
from kplug.errors import ArgumentError, ContractError

Schedule: TypeAlias = Callable[[int], float]
Check: TypeAlias = Callable[[str, str, object], Any]


class DefaultRate(float):
    """A learning rate that nobody typed.

    It makes ``Adam(learning_rate=0.1)`` distinguishable from ``Adam(lr=0.001, learning_rate=0.1)``
    while the signature still shows a number.
    """


def require_nonnegative(owner: str, argument: str, value: object) -> float:
    """Return a finite number >= 0."""
    return require_number(owner, argument, value, "a finite number >= 0", at_least=0.0)


def require_positive(owner: str, argument: str, value: object) -> float:
    """Return a finite number > 0."""
    return require_number(owner, argument, value, "a finite number > 0", above=0.0)


def require_beta(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of a moving average whose bias is corrected: 1 would divide by zero."""
    return require_number(owner, argument, value, "a number in [0, 1)", at_least=0.0, below=1.0)


def require_open_beta(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of an average that the rule divides by, or that must not vanish."""
    return require_number(owner, argument, value, "a number in (0, 1)", above=0.0, below=1.0)


def require_rho(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of a moving average without bias correction."""
    return require_number(owner, argument, value, "a number in [0, 1]", at_least=0.0, at_most=1.0)


def require_epsilon(owner: str, argument: str, value: object) -> float:
    """Return the fuzz factor; ``None`` is the value of ``K.epsilon()`` at this moment."""
    given = default_epsilon() if value is None else value
    allowed = "a finite number >= 0, or None for K.epsilon()"
    return require_number(owner, argument, given, allowed, at_least=0.0)


def require_rate(owner: str, argument: str, value: object) -> float:
    """Return a constant learning rate."""
    allowed = "a finite number >= 0, or a learning-rate schedule"
    return require_number(owner, argument, value, allowed, at_least=0.0)


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


def split_names(params: Iterable[Any]) -> tuple[dict[torch.Tensor, str], list[Any]]:
    """Return the names of the parameters that came as (name, parameter), and the parameters."""
    given = list(params)
    pairs = [item for item in given if _is_named(item)]
    names = {parameter: name for name, parameter in pairs}
    return names, [item[1] if _is_named(item) else item for item in given]


def _is_named(item: object) -> bool:
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], torch.Tensor)
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
