"""Cost model: estimates whether compiling a step pays off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# An operation of a small model takes about this long eagerly, nearly all of it to start it.
_OPERATION_SECONDS: Final = 4e-6
# What Python does around a compiled call.
_CALL_SECONDS: Final = 5e-5
LARGEST_SHARE: Final = 0.75
_SMALLEST_SHARE: Final = 0.02
# Estimates and plans can be wrong, and callbacks end trainings early.
_RETURN: Final = 2.0
_LOSS: Final = 0.01


@dataclass
class JitCosts:
    """What training waits for, in seconds. The first time, torch's compiler is imported as well.

    Attributes:
        trace: Recording a step.
        load: Recording it again and getting its code from the cache.
    """

    trace: float = 1.0
    load: float = 1.5


@dataclass(frozen=True)
class Horizon:
    """How long eager steps would take.

    Args:
        known: Seconds of the steps that are known to come.
        spent: Seconds of those that have run. Who has trained for a while often goes on for as long.
    """

    known: float
    spent: float


def expect_share(operations: int, seconds: float) -> float:
    """Return the share of a step's time that compiling can be expected to spare, before it is tried.

    Compiled steps spare the starting of operations, not the work in them.

    Example:
        >>> round(expect_share(100, seconds=0.001), 6), round(expect_share(100, seconds=0.1), 6)
        (0.4, 0.004)
    """
    return min(operations * _OPERATION_SECONDS / seconds, LARGEST_SHARE)


def measure_share(call_seconds: float, seconds: float) -> float:
    """Return the share that compiling spares, if compiled and eager step take so long."""
    return 1 - (call_seconds + _CALL_SECONDS) / seconds


def is_worth(cost: float, share: float, horizon: Horizon, *, at_risk: float | None = None) -> bool:
    """Tell whether a gain is likely to pay for its cost, or the cost does not count.

    Args:
        cost: Seconds that training waits for compiling, in all.
        share: The share of a step's time that is spared.
        horizon: How long eager steps would take.
        at_risk: What of the cost is lost if nothing is spared after all; all of it by default.

    Example:
        >>> is_worth(2.0, 0.5, Horizon(known=10.0, spent=0.0))
        True
        >>> is_worth(2.0, 0.5, Horizon(known=2.0, spent=100.0))
        False
    """
    if share < _SMALLEST_SHARE:
        return False
    lost = cost if at_risk is None else at_risk
    return share * horizon.known >= _RETURN * cost or lost <= _LOSS * max(
        horizon.known, horizon.spent
    )
