"""Which checks each kind of component has to pass."""

from __future__ import annotations

from kplug.errors import ContractError
from kplug.registry import REGISTRY, Kind, get_kind
from kplug.registry.quoting import quote
from kplug.testing.checks.callbacks import CALLBACK
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


def get_suite(kind: Kind) -> Suite:
    """Return the suite of a kind; that of a plugin's kind without one has the checks that all kinds share.

    Raises:
        PluginLoadError: if the plugin's suite cannot be imported.
        ContractError: if it is none.
    """
    if kind.name in SUITES:
        return SUITES[kind.name]
    if not kind.suite:
        return Suite(lambda *_: None, COMMON)  # what they do is not known
    found = REGISTRY.load_part(kind, kind.suite)
    if not isinstance(found, Suite):
        raise ContractError(
            f"the suite of the kind {kind.name!r} ({kind.suite}) is {quote(found)}",
            hint="Make it a kplug.testing.Suite.",
        )
    return found


def list_checks(kind: str) -> dict[str, str]:
    """Return the checks of a kind: name and what must hold.

    Args:
        kind: The kind, singular or plural.

    Example:
        >>> list_checks("constraint")["idempotent"]
        'no change when it is applied again'
    """
    return {check.name: check.expected for check in get_suite(get_kind(kind)).checks}
