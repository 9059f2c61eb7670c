"""Checks of an optimizer's single steps: closures, ranks of weights, unread arguments."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kplug.optimizers import build_optimizer, set_gradients
from kplug_authoring.checks.common import find_unread_arguments, find_without_effect
from kplug_authoring.checks.optimizer_life import is_steady
from kplug_authoring.checks.optimizer_tasks import advance, parabola, start
from kplug_authoring.checks.ranks import is_refusal
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    is_finite,
    seeded,
    shown,
)
from kplug_authoring.readings import find_read_settings

_SHAPES = ((), (3,), (4, 3), (3, 4, 2), (3, 3, 4, 2))


@check(
    "with a closure the step that its gradients ask for, and its value returned",
    "Begin step with: loss = None; if closure is not None: with torch.enable_grad(): loss = closure(). "
    "End it with: return loss.",
)
def closure(subject: Subject) -> Finding:
    """Make a step whose closure computes the gradients."""
    parameters = start()
    optimizer: Any = build_optimizer(subject.make(), parameters)
    if "closure" not in inspect.signature(optimizer.step).parameters:
        return None
    values: list[Tensor] = []

    def compute() -> Tensor:
        values.append(set_gradients(optimizer, parameters, parabola))
        return values[-1]

    returned = optimizer.step(compute)
    if not values:
        return "step does not call it"
    if returned is None or not any(bool(torch.as_tensor(returned) == value) for value in values):
        return f"step returns {returned}, and the closure returned {shown(values[-1])}"
    # Rules that have to evaluate the model again refuse a step without a closure.
    if len(values) > 1 and is_steady(subject):
        return f"step calls it {len(values)} times, and needs no closure: once is enough"
    return None


@check(
    "finite weights, or a refusal, for weights of any rank: a scale, a bias, kernels",
    "Look at weight.ndim before you index, transpose or count; a scale has the shape (). For a rank that the "
    "rule has no use for, raise an error that says so.",
)
def ranks(subject: Subject) -> Finding:
    """Train one weight of each rank."""
    for shape in _SHAPES:
        count = torch.Size(shape).numel()
        weight = torch.linspace(-1.0, 0.9, count).reshape(shape).requires_grad_()
        try:
            with seeded(99):
                advance(build_optimizer(subject.make(), [weight]), [weight], parabola, 2)
        except Exception as error:  # noqa: BLE001 - foreign code
            if is_refusal(error):
                continue
            return f"for the shape {shape}: {type(error).__name__}: {error}"
        if tuple(weight.shape) != shape or not is_finite(weight):
            return f"for the shape {shape}: {shown(weight)}"
    return None


@check("another value of an argument changes what it does", "Read the argument, or remove it.")
def effect(subject: Subject) -> Finding:
    """Find arguments that neither the source nor a step reads."""
    return find_without_effect(
        subject, [*find_unread_arguments(subject), *_find_unread_settings(subject)]
    )


def _find_unread_settings(subject: Subject) -> set[str]:
    """Return the arguments in parameter groups that no step reads.

    Some settings matter only together with another, as dampening does with momentum.
    """
    unread = set(subject.variations)
    for arguments in ({}, *({name: value} for name, value in subject.variations.items())):
        if unread:
            unread &= _find_unread_by_steps(subject, arguments)
    return (
        unread - find_read_settings(type(build_optimizer(subject.make(), start())))
        if unread
        else unread
    )


def _find_unread_by_steps(subject: Subject, arguments: Mapping[str, object]) -> set[str]:
    parameters, read = start(), set[str]()
    try:
        with seeded(1):
            optimizer = build_optimizer(subject.make(**arguments), parameters)
            # In place, as wrapping optimizers share the list.
            optimizer.param_groups[:] = [_Recorder(one, read) for one in optimizer.param_groups]
            advance(optimizer, parameters, parabola, 3)
    except Exception:  # noqa: BLE001 - the check `parabola` reports it
        return set(subject.variations)
    return {name for group in optimizer.param_groups for name in group} - read


class _Recorder(dict[str, Any]):
    """A parameter group that records which of its settings are read."""

    def __init__(self, group: Mapping[str, Any], read: set[str]) -> None:
        super().__init__(group)
        self._read = read

    def __getitem__(self, key: str) -> Any:
        self._read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a setting."""
        self._read.add(key)
        return super().get(key, default)

    def items(self) -> Any:
        """Return all settings with their names."""
        self._read.update(self)
        return super().items()

    def values(self) -> Any:
        """Return all settings."""
        self._read.update(self)
        return super().values()

    def __iter__(self) -> Iterator[str]:
        # The override alone makes {**group} read each setting.
        return super().__iter__()


OF_STEPS = (effect, closure, ranks)
