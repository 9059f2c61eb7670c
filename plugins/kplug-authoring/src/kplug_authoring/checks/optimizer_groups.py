"""Checks of an optimizer's parameter groups."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kplug.optimizers import build_optimizer, take_step
from kplug_authoring.checks.optimizer_life import (
    build,
    find_deviation,
    give,
    is_separable,
    is_steady,
    make_weights,
    pull,
    train,
)
from kplug_authoring.checks.optimizer_tasks import parabola
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    is_finite,
    seeded,
)


def _unless_it_fails(find: Callable[[Subject], Finding]) -> Callable[[Subject], Finding]:
    """Ignore optimizers that fail here as they need other gradients or groups; ``parabola`` reports them."""

    @functools.wraps(find)
    def wrapped(subject: Subject) -> Finding:
        try:
            return find(subject)
        except Exception:  # noqa: BLE001 - foreign code
            return None

    return wrapped


def _weights() -> list[Tensor]:
    values = torch.linspace(-1.0, 1.0, 6).reshape(2, 3), torch.linspace(1.0, -1.0, 6).reshape(3, 2)
    return [value.clone().requires_grad_() for value in values]


def _step(optimizer: Any, weights: list[Tensor], count: int = 1) -> None:
    def set_them() -> Tensor:
        for weight in weights:
            weight.grad = weight.detach() - 0.3
        return parabola(weights) / 2

    for _ in range(count):
        take_step(optimizer, set_them)


@check(
    "a weight that moves in every parameter group",
    "Go through all of self.param_groups, not the first.",
)
@_unless_it_fails
def groups(subject: Subject) -> Finding:
    """Put a second weight into a group of its own."""
    first, second = _weights()
    before = second.detach().clone()
    with seeded(99):  # some rules leave out weights at random
        optimizer: Any = build_optimizer(subject.make(), [first])
        optimizer.add_param_group({"params": [second]})
        _step(optimizer, [first, second], 8)
    return None if find_difference(before, second) else "the weight of the second group stays"


@check(
    "other steps with another rate in the parameter group",
    "Read group['lr'] at each step: schedules and callbacks write it there.",
)
@_unless_it_fails
def rate(subject: Subject) -> Finding:
    """Change the rate after the optimizer was built."""
    results = []
    for factor in (1.0, 0.5):
        weights = _weights()
        with seeded(99):
            optimizer = build_optimizer(subject.make(), weights)
            if "lr" not in optimizer.param_groups[0]:
                return None
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * factor
            _step(optimizer, weights, 3)
        results.append(weights)
    return None if find_difference(results[0], results[1]) else "half the rate makes the same steps"


@check("finite weights after a gradient of zeros", "Add epsilon to what a gradient is divided by.")
@_unless_it_fails
def zero_gradient(subject: Subject) -> Finding:
    """Make a step with gradients that are zero."""
    weights = _weights()
    optimizer = build_optimizer(subject.make(), weights)

    def rest() -> Tensor:
        for weight in weights:
            weight.grad = torch.zeros_like(weight)
        return torch.zeros(())

    take_step(optimizer, rest)
    return None if all(map(is_finite, weights)) else "weights that are not"


@check(
    "each parameter group by its own settings, as in an optimizer of its own",
    "In `for group in self.param_groups`, take rate, decay and all else from that group, and state from "
    "self.state[p]; self.defaults and attributes are what it was made with.",
    after=("groups",),
)
@_unless_it_fails
def group_settings(subject: Subject) -> Finding:
    """Give the second of two groups, then the first, another rate, decay and so on."""
    if not is_steady(subject):
        return None
    known = build(subject, make_weights(_PAIR[:1])).param_groups[0]
    for key, value in _vary_settings(known):
        plain, varied = (_train_one(subject, settings) for settings in ({}, {key: value}))
        # What a constructor alone reads begins so.
        if key in subject.parameters and not key.startswith("initial"):
            made = _train_made(subject, known, {key: value})
            difference = find_deviation(varied, made, _SAME) if made else None
            if difference:
                return f"with {key}={value} written into the group, and made with it: {difference}"
        if find_deviation(varied, plain, _SAME) is None or not all(map(is_finite, varied)):
            continue
        changed: dict[str, Any] = {key: value}
        orders: list[list[dict[str, Any]]] = [[{}, changed], [changed, {}]]
        for settings in orders:
            found = train(subject, make_weights(_PAIR), groups=settings)
            if is_separable(subject):
                expected = [
                    *(varied if settings[0] else plain),
                    *(varied if settings[1] else plain),
                ]
                difference = find_deviation(found, expected, _SAME)
            else:
                same = find_deviation(found[:1], found[1:], _SAME) is None
                difference = "both weights move alike" if same else None
            if difference:
                place = "second" if settings[1] else "first"
                return f"with {key}={value} in the {place} of two groups: {difference}"
    if "lr" not in known:
        return None
    found = train(subject, make_weights(_PAIR), groups=[{"lr": 0.0}, {}])
    before = [make_weights(_PAIR)[1].detach()]
    stays = find_deviation(found[1:], before, _SAME) is None
    return "with a rate of 0 in the first of two groups the second stays" if stays else None


@check(
    "two with different arguments at once: each steps as it does alone",
    "Keep defaults in the instance: super().__init__(params, dict(lr=lr, …)) with a new dict, and no class "
    "attribute or module global.",
    after=("groups", "determinism"),
)
@_unless_it_fails
def instances(subject: Subject) -> Finding:
    """Build an optimizer with other arguments between the building of one and its steps."""
    if not is_steady(subject):
        return None
    alone = train(subject, make_weights(_PAIR))
    for name, value in list(subject.variations.items())[:6]:
        weights, others = make_weights(_PAIR), make_weights(_PAIR)
        with seeded(99):
            optimizer = build(subject, weights)
            _ = build_optimizer(subject.make(**{name: value}), others)
            for step in range(_STEPS):
                give(optimizer, weights, pull, step)
        difference = find_deviation([one.detach() for one in weights], alone, _SAME)
        if difference:
            return f"beside one made with {name}={value!r}, and alone: {difference}"
    return None


_STEPS = 5
_SAME = 1e-6
_PAIR = ((2, 3), (2, 3))


def _train_one(subject: Subject, settings: Mapping[str, Any]) -> list[Tensor]:
    return train(subject, make_weights(_PAIR[:1]), groups=[settings])


def _train_made(
    subject: Subject, known: Mapping[str, Any], arguments: Mapping[str, Any]
) -> list[Tensor]:
    """Train with an optimizer made with an argument; none if its group is not the known one with it."""
    weights = make_weights(_PAIR[:1])
    with seeded(99):
        optimizer = build_optimizer(subject.make(**arguments), weights)
        expected = {**known, **arguments}
        if any(
            isinstance(value, (int, float, tuple)) and value != expected.get(name)
            for name, value in optimizer.param_groups[0].items()
        ):
            return []
        for step in range(_STEPS):
            give(optimizer, weights, pull, step)
    return [weight.detach() for weight in weights]


def _vary_settings(group: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield other numbers for the settings of a group; whole numbers count or choose, and stay."""
    for key, value in group.items():
        if isinstance(value, float) and key != "initial_lr":
            yield key, (0.25 if key == "lr" else 0.75) * value or 0.125
        elif isinstance(value, tuple) and value and all(isinstance(one, float) for one in value):
            yield key, tuple(0.75 * one for one in value)
        elif value == 0 and isinstance(value, int) and "decay" in key:
            yield key, 0.125


OF_GROUPS = (groups, rate, zero_gradient, group_settings, instances)
