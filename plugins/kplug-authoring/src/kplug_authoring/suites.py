"""The contract suite of each kind of component."""

from __future__ import annotations

from dataclasses import replace

from kplug import Kind, get_kind
from kplug.display.messages import quote
from kplug.errors import ContractError
from kplug.inspection import load_part
from kplug_authoring.checks.callbacks import CALLBACK
from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.effects import PROBES, idle
from kplug_authoring.checks.initializers import INITIALIZER_CHECKS, draw
from kplug_authoring.checks.layers import LAYER
from kplug_authoring.checks.losses import LOSS
from kplug_authoring.checks.metrics import METRIC
from kplug_authoring.checks.optimizers import OPTIMIZER
from kplug_authoring.checks.ranks import OF_INITIALIZER
from kplug_authoring.checks.schedules import SCHEDULE
from kplug_authoring.checks.subject import Check, Suite
from kplug_authoring.checks.tensor_functions import ACTIVATION, CONSTRAINT, REGULARIZER
from kplug_authoring.gold.checks import FURTHER
from kplug_authoring.levels import Level, rank

_OWN: dict[str, Suite] = {
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
SUITES = {
    kind: replace(suite, checks=(*suite.checks, idle)) if kind in PROBES else suite
    for kind, suite in _OWN.items()
}


def get_suite(kind: Kind) -> Suite:
    """Return the suite of a kind; by default, a plugin's kind has the common checks.

    Raises:
        PluginLoadError: if the plugin's suite cannot be imported.
        ContractError: if it is not a `Suite`.
    """
    if kind.name in SUITES:
        return SUITES[kind.name]
    if not kind.suite:
        return Suite(lambda *_: None, COMMON)  # their behaviour is unknown
    found = load_part(kind, kind.suite)
    if not isinstance(found, Suite):
        raise ContractError(
            f"the suite of the kind {kind.name!r} ({kind.suite}) is {quote(found)}",
            hint="Make it a kplug_authoring.Suite.",
        )
    return found


def select_checks(kind: Kind, level: Level | None = None) -> tuple[Check, ...]:
    """Return the checks of a kind as far as a level; without one, its suite, without what takes long.

    Raises:
        PluginLoadError: if the plugin's suite cannot be imported.
        ContractError: if it is not a `Suite`.
    """
    checks = get_suite(kind).checks
    if level is None:
        return checks
    return tuple(
        check
        for check in (*checks, *FURTHER.get(kind.name, ()))
        if rank(check.level) <= rank(level)
    )


def list_checks(kind: str, level: Level | None = None) -> dict[str, str]:
    """Return the checks of a kind: name and what must hold.

    Args:
        kind: The kind, singular or plural.
        level: The level; None for the suite, which leaves out what takes long.

    Example:
        >>> list_checks("constraint")["idempotent"]
        'no change when it is applied again'
    """
    return {check.name: check.expected for check in select_checks(get_kind(kind), level)}
