"""Which checks each kind of component has to pass."""

from __future__ import annotations

from dataclasses import dataclass

from kplug.registry import get_kind
from kplug.testing import (
    loss_checks,
    metric_checks,
    optimizer_checks,
    other_checks,
    tensor_checks,
)
from kplug.testing.checks import COMMON, Behave, Check


@dataclass(frozen=True)
class Suite:
    """The checks of one kind.

    Args:
        behave: What instances of the kind do, to compare two of them.
        checks: The checks, in the order in which they run.
    """

    behave: Behave
    checks: tuple[Check, ...]

    def get_check(self, name: str) -> Check:
        """Return the check of that name."""
        return next(check for check in self.checks if check.name == name)


_POINTWISE = (tensor_checks.GRADIENTS, tensor_checks.GRADCHECK, tensor_checks.INPUTS)

SUITES: dict[str, Suite] = {
    "initializer": Suite(
        other_checks.draw,
        (
            *COMMON,
            other_checks.SHAPE_AND_DTYPE,
            other_checks.REPEATS,
            other_checks.FRESH,
            other_checks.VARIANCE,
            other_checks.EMPTY,
        ),
    ),
    "regularizer": Suite(
        tensor_checks.call,
        (
            *COMMON,
            tensor_checks.SCALAR,
            tensor_checks.DTYPE,
            tensor_checks.DEVICE,
            *_POINTWISE,
            tensor_checks.ZERO_GRADIENT,
        ),
    ),
    "activation": Suite(
        tensor_checks.call,
        (
            *COMMON,
            tensor_checks.DTYPE,
            tensor_checks.DEVICE,
            *_POINTWISE,
            tensor_checks.SINGLE_ROW,
            tensor_checks.EMPTY_BATCH,
        ),
    ),
    "constraint": Suite(
        tensor_checks.call,
        (
            *COMMON,
            tensor_checks.SHAPE,
            tensor_checks.DTYPE,
            tensor_checks.DEVICE,
            tensor_checks.INPUTS,
            tensor_checks.ZERO,
            tensor_checks.IDEMPOTENT,
        ),
    ),
    "loss": Suite(
        tensor_checks.call,
        (
            *COMMON,
            tensor_checks.SCALAR,
            tensor_checks.FULL_DTYPE,
            tensor_checks.DEVICE,
            *_POINTWISE,
            loss_checks.ONE_ROW,
            loss_checks.REDUCTION,
            loss_checks.WEIGHTS,
            loss_checks.EMPTY_BATCH,
        ),
    ),
    "metric": Suite(
        metric_checks.result_of,
        (
            *COMMON,
            metric_checks.SCALAR,
            metric_checks.BATCHES,
            metric_checks.RESET,
            metric_checks.WEIGHTS,
            metric_checks.MERGING,
            metric_checks.EMPTY_BATCH,
            metric_checks.INPUTS,
        ),
    ),
    "optimizer": Suite(
        optimizer_checks.steps_of,
        (
            *COMMON,
            optimizer_checks.PARABOLA,
            optimizer_checks.ROSENBROCK,
            optimizer_checks.DTYPE,
            optimizer_checks.STATE_DICT,
            optimizer_checks.INPUTS,
            optimizer_checks.MISSING_GRADIENT,
        ),
    ),
    "schedule": Suite(
        other_checks.rates_of, (*COMMON, other_checks.FINITE, other_checks.STATELESS)
    ),
    "callback": Suite(other_checks.nothing, (*COMMON, other_checks.CALLBACK)),
    "layer": Suite(other_checks.nothing, (*COMMON, other_checks.LAYER)),
}


def list_checks(kind: str) -> dict[str, str]:
    """Return the checks of a kind: name and what must hold.

    Args:
        kind: The kind, singular or plural.

    Example:
        >>> list_checks("constraint")["idempotent"]
        'no change when it is applied again'
    """
    return {check.name: check.expected for check in SUITES[get_kind(kind).name].checks}
