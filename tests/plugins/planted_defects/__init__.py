"""Small defects that authors make, ten or more of each kind, and the check that has to blame each."""

from __future__ import annotations

from typing import Any
from unittest import SkipTest

from kplug_authoring import BrokenContractError, Example, contract_cases

import kplug
from kplug.registry import get_kind
from tests.plugins.planted_defects import (
    activations,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)

DEFECTS = {
    "initializer": initializers.DEFECTS,
    "regularizer": regularizers.DEFECTS,
    "loss": losses.DEFECTS,
    "activation": activations.DEFECTS,
    "constraint": constraints.DEFECTS,
    "metric": metrics.DEFECTS,
    "optimizer": optimizers.DEFECTS,
    "layer": layers.DEFECTS,
    "schedule": schedules.DEFECTS,
    "callback": callbacks.DEFECTS,
}


def find_failures(kind: str, component: Any, example: Example) -> dict[str, str]:
    """Return the checks that a component fails, each with what was found."""
    failed = {}
    with kplug.scope(**{get_kind(kind).plural: {"planted": component}}):
        for case in contract_cases("custom", kinds=[kind], examples={"planted": example}):
            try:
                case.run()
            except BrokenContractError as error:
                failed[case.check.name] = error.found
            except SkipTest:
                continue
    return failed
