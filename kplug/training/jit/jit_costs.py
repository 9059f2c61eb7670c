"""Cost model: estimates whether compiling a step pays off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Eager time of a small model's operation, nearly all of it launch overhead.
_OPERATION_SECONDS: Final = 4e-6
# Python's overhead of a compiled call.
_CALL_SECONDS: Final = 5e-5
LARGEST_SHARE: Final = 0.75
_SMALLEST_SHARE: Final = 0.02
# Tracing a step and loading code that an earlier process has kept; a tenth to a third of a second each.
KEPT_SECONDS: Final = 0.5
# Safety margin: estimates can be wrong, and callbacks may stop training early.
_RETURN: Final = 2.0
_LOSS: Final = 0.01


@dataclass
class JitCosts:
    """Seconds that compiling takes. The first time includes the import of torch's compiler.

    Attributes:
        trace: Tracing a step.
        load: Tracing it again and loading its code from the cache.
        compile: From the start of the other process until its code is there; training goes on meanwhile.
    """

    trace: float = 1.0
    load: float = 1.5
    compile: float = 8.0


@dataclass(frozen=True)
class Horizon:
    """The time that eager steps would take.

    Args:
        known: Seconds of the steps known to remain.
        spent: Seconds of past steps: training often continues for as long as it has run.
    """

    known: float
    spent: float


def expect_share(operations: int, seconds: float) -> float:
    """Estimate the share of a step's time that compiling saves.

    Compiled steps save the launch overhead of operations, not their work.

    Example:
        >>> round(expect_share(100, seconds=0.001), 6), round(expect_share(100, seconds=0.1), 6)
        (0.4, 0.004)
    """
    return min(operations * _OPERATION_SECONDS / seconds, LARGEST_SHARE)


def measure_share(call_seconds: float, seconds: float) -> float:
    """Return the share of time that compiling saves, from measured times of both steps."""
    return 1 - (call_seconds + _CALL_SECONDS) / seconds


def is_worth(
    cost: float,
    share: float,
    horizon: Horizon,
    *,
    at_risk: float | None = None,
    delay: float = 0.0,
) -> bool:
    """Return whether the savings are likely to exceed the cost, or the cost is negligible.

    Args:
        cost: Total seconds that training waits for compiling.
        share: The share of a step's time that is saved.
        horizon: The time that eager steps would take.
        at_risk: The part of the cost that is lost if compiling saves nothing; all of it by default.
        delay: Seconds of eager steps until the code is there.

    Example:
        >>> is_worth(2.0, 0.5, Horizon(known=10.0, spent=0.0))
        True
        >>> is_worth(2.0, 0.5, Horizon(known=2.0, spent=100.0))
        False
    """
    if share < _SMALLEST_SHARE:
        return False
    lost = cost if at_risk is None else at_risk
    return share * (horizon.known - delay) >= _RETURN * cost or lost <= _LOSS * max(
        horizon.known, horizon.spent
    )
