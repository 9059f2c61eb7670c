"""Which checks each kind of component has to pass."""

from __future__ import annotations

from kplug.registry import get_kind
from kplug.testing.checks.callbacks_and_layers import CALLBACK
from kplug.testing.checks.common import COMMON
from kplug.testing.checks.initializers import INITIALIZER_CHECKS, draw
from kplug.testing.checks.layers import LAYER
from kplug.testing.checks.losses import LOSS
from kplug.testing.checks.metrics import METRIC
from kplug.testing.checks.optimizers import OPTIMIZER
from kplug.testing.checks.ranks import OF_INITIALIZER
from kplug.testing.checks.schedules import SCHEDULE
from kplug.testing.checks.subject import Suite
from kplug.testing.checks.tensor_functions import ACTIVATION, CONSTRAINT, REGULARIZER

SUITES: dict[str, Suite] = {
    "initializer": Suite(draw, (*COMMON, *INITIALIZER_CHECKS, OF_INITIALIZER)),
    "regularizer": REGULARIZER,
    "activation": ACTIVATION,
    "constraint": CONSTRAINT,
    "loss": LOSS,
    "metric": METRIC,
    "optimizer": OPTIMIZER,
    "schedule": SCHEDULE,
    "callback": CALLBACK,
    "layer": LAYER,
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
