"""Checks of the level gold that no contract suite runs, as they take long or need more installed."""

from __future__ import annotations

from kplug_authoring.checks.subject import Check
from kplug_authoring.gold.contexts import CONTEXTS
from kplug_authoring.gold.numbers import numbers, reference
from kplug_authoring.gold.trained import compiled, processes

_ALL = (compiled, processes, numbers, reference)
# An initializer takes no part in training, and callbacks have no numbers.
_TRAINED: dict[str, tuple[Check, ...]] = {
    "initializer": (numbers, reference),
    "regularizer": _ALL,
    "activation": _ALL,
    "constraint": _ALL,
    "loss": _ALL,
    "metric": _ALL,
    "optimizer": _ALL,
    "schedule": _ALL,
    "callback": (compiled, processes),
    "layer": _ALL,
}
FURTHER = {kind: (*CONTEXTS[kind], *checks) for kind, checks in _TRAINED.items()}
