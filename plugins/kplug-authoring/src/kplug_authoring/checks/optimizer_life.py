"""Checks of an optimizer over its life: late and missing gradients, memory, types, neighbours."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.optimizers import build_optimizer, needs_closure, set_gradients, take_step
from kplug_authoring.checks.memory import LAYOUTS
from kplug_authoring.checks.optimizer_tasks import parabola, start
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    seeded,
    shown,
)

Gradient = Callable[[Tensor, int, int], Tensor | None]
"""The gradient of a weight, of its place in the list and the number of the step."""

_STEPS = 5
_SHAPES = ((2, 3), (3,), (3, 3, 2, 4))
# Some rules compute a part in bfloat16, and sums depend on the order in memory.
_ROUNDING = 0.05
_HALF_ROUNDING = 0.3
_SAME = 1e-6  # for the same sums
_HALVES = (torch.float16, torch.bfloat16)


def make_weights(shapes: Sequence[tuple[int, ...]] = _SHAPES) -> list[Tensor]:
    """Return small weights in float64, which need their gradients."""
    return [
        torch.linspace(-0.004, 0.005, torch.Size(shape).numel(), dtype=torch.float64)
        .reshape(shape)
        .requires_grad_()
        for shape in shapes
    ]


def pull(weight: Tensor, place: int, step: int) -> Tensor:  # noqa: ARG001 - a `Gradient`
    """Return a gradient that differs from place to place, and from step to step."""
    waves = torch.linspace(0.5, 2.5, weight.numel(), dtype=torch.float64).reshape(weight.shape)
    return (weight.detach() - 0.3 * waves * (1.0 + 0.1 * step)).to(weight.dtype)


def train(
    subject: Subject,
    weights: Sequence[Tensor],
    gradient: Gradient = pull,
    *,
    groups: Sequence[Mapping[str, Any]] | None = None,
    steps: int = _STEPS,
    seed: int = 99,
) -> list[Tensor]:
    """Train weights by given gradients, in one group or in one each, and return them."""
    with seeded(seed):
        optimizer = build(subject, weights, groups)
        for step in range(steps):
            give(optimizer, weights, gradient, step)
    return [weight.detach() for weight in weights]


def build(
    subject: Subject, weights: Sequence[Tensor], groups: Sequence[Mapping[str, Any]] | None = None
) -> Any:
    """Return an optimizer of the weights, whose groups have these settings."""
    optimizer: Any = build_optimizer(subject.make(), weights if groups is None else weights[:1])
    if groups is not None:
        optimizer.param_groups[0].update(groups[0])
        for weight, settings in zip(weights[1:], groups[1:], strict=True):
            optimizer.add_param_group({"params": [weight], **settings})
    return optimizer


def give(optimizer: Any, weights: Sequence[Tensor], gradient: Gradient, step: int) -> None:
    """Make one step."""

    def set_them() -> Tensor:
        for place, weight in enumerate(weights):
            weight.grad = gradient(weight, place, step)
            if weight.grad is not None and getattr(optimizer, "scales_loss", False):
                weight.grad = optimizer.scale_loss(weight.grad)
        return torch.zeros(())

    take_step(optimizer, set_them)


def is_steady(subject: Subject) -> bool:
    """Whether given gradients are enough, and a seed changes nothing; other checks report failures."""
    if "is_steady" not in subject.__dict__:
        try:
            first, second = (train(subject, make_weights(), seed=seed) for seed in (1, 2))
            has_enough = not needs_closure(build(subject, make_weights()))
            is_same = find_deviation(first, second, _SAME) is None
            subject.__dict__["is_steady"] = has_enough and is_same
        except Exception:  # noqa: BLE001 - foreign code
            subject.__dict__["is_steady"] = False
    return bool(subject.__dict__["is_steady"])


def is_separable(subject: Subject) -> bool:
    """Whether a weight moves alone as it does beside others: a norm over all of them forbids it."""
    if "is_separable" not in subject.__dict__:
        together = train(subject, make_weights(), _by_place)
        apart = [_train_alone(subject, weight, at) for at, weight in enumerate(make_weights())]
        subject.__dict__["is_separable"] = find_deviation(together, apart, _SAME) is None
    return bool(subject.__dict__["is_separable"])


def _train_alone(subject: Subject, weight: Tensor, place: int) -> Tensor:
    return train(subject, [weight], lambda one, _, step: _by_place(one, place, step))[0]


def find_deviation(
    found: Sequence[Tensor], expected: Sequence[Tensor], share: float = _ROUNDING
) -> Finding:
    """Compare trained weights by how far they moved."""
    for one, other, begun in zip(found, expected, _starts(expected), strict=True):
        moved = float((other.double() - begun).abs().max())
        apart = (one.double() - other.double()).abs()
        # A step smaller than the distance of two numbers of a half type may be lost.
        resolution = 2.0 * _STEPS * torch.finfo(one.dtype).eps * float(other.abs().max())
        if not bool((apart <= share * moved + resolution + 1e-9).all()):
            return f"{shown(one)} and {shown(other)}"
    return None


def _starts(weights: Sequence[Tensor]) -> list[Tensor]:
    return [weight.detach() for weight in make_weights([tuple(one.shape) for one in weights])]


@check(
    "the same steps for weights and gradients of any order in memory",
    "Change the weight itself, with p.add_(…) or torch._foreach_add_: p.reshape(-1), p.contiguous() and "
    "p.flatten() are copies where a weight lies otherwise in memory, as kernels of convolutions do.",
    level="gold",
)
def memory(subject: Subject) -> Finding:
    """Train weights and gradients that are views."""
    if not is_steady(subject):
        return None
    expected = train(subject, make_weights())
    for name, lay in LAYOUTS.items():
        for of_weights, of_gradients in ((True, False), (False, True), (True, True)):
            weights = make_weights()
            if of_weights:
                weights = [lay(weight.detach()).requires_grad_() for weight in weights]

            def gradient(
                weight: Tensor,
                place: int,
                step: int,
                lay: Callable[[Tensor], Tensor] = lay if of_gradients else torch.Tensor.contiguous,
            ) -> Tensor:
                return lay(pull(weight, place, step).contiguous())

            what = f"{'weights' * of_weights}{' and ' * (of_weights and of_gradients)}"
            what = f"{what}{'gradients' * of_gradients} {name}"
            try:
                found = train(subject, weights, gradient)
            except Exception as error:  # noqa: BLE001 - foreign code
                return f"for {what}: {type(error).__name__}: {error}"
            difference = find_deviation(found, expected)
            if difference:
                return f"with {what} and without: {difference}"
    return None


@check(
    "a weight whose gradient comes later trained from then on, and the others as without it",
    "Make a weight's state when its gradient is first there, and look for it by the weight: "
    "self.state[p]. Zip only lists that leave out the same weights.",
    after=("missing_gradient",),
)
def late_gradient(subject: Subject) -> Finding:
    """Give one of three weights its first gradient at the fourth step."""
    if not is_steady(subject):
        return None

    def late(weight: Tensor, place: int, step: int) -> Tensor | None:
        return None if place == 1 and step < 3 else pull(weight, place, step)

    weights = make_weights()
    start = weights[1].detach().clone()
    with seeded(99):
        optimizer = build(subject, weights)
        for step in range(8):
            give(optimizer, weights, late, step)
            if step == 2 and not torch.equal(weights[1], start):
                return f"{shown(start)} without a gradient becomes {shown(weights[1])}"
    (alone,) = train(subject, make_weights(_SHAPES[1:2]))  # some rules gather gradients first
    if torch.equal(weights[1], start) and not torch.equal(alone, start):
        return "five steps with its gradient leave the weight as it was"
    if not bool(weights[1].isfinite().all()):
        return f"the weight becomes {shown(weights[1])}"
    if not is_separable(subject):
        return None
    others = make_weights()
    expected = train(subject, [others[0], others[2]], steps=8)
    difference = find_deviation([weights[0].detach(), weights[2].detach()], expected, _SAME)
    if difference:
        return f"the other weights beside it and without it: {difference}"
    for missing, where in ((0, "first"), (2, "last")):  # a rule may look there for all of a group
        kept = [place for place in range(3) if place != missing]
        absent = functools.partial(_pull_but, missing)
        found = train(subject, make_weights(), absent)
        expected = train(subject, [make_weights()[place] for place in kept])
        difference = find_deviation([found[place] for place in kept], expected, _SAME)
        if difference:
            return f"the others while the {where} of a group has no gradient, and without it: {difference}"
    return None


def _pull_but(missing: int, weight: Tensor, place: int, step: int) -> Tensor | None:
    return None if place == missing else pull(weight, place, step)


@check(
    "a weight that stays where it is at a step without its gradient",
    "Skip parameters whose grad is None at each step; keep no gradient for later.",
    after=("missing_gradient",),
)
def lost_gradient(subject: Subject) -> Finding:
    """Take a weight's gradient away after two steps."""
    if not is_steady(subject):
        return None
    weights = make_weights()
    with seeded(99):
        optimizer = build(subject, weights)
        for step in range(4):
            before = weights[1].detach().clone()
            give(
                optimizer,
                weights,
                lambda w, p, s: None if p == 1 and s > 1 else pull(w, p, s),
                step,
            )
            if step > 1 and not torch.equal(before, weights[1]):
                return f"{shown(before)} becomes {shown(weights[1])}"
    return None


@check(
    "the same steps if gradients are written into the tensors of the step before",
    "Keep a clone of a gradient: self.state[p]['last'] = p.grad.clone(). zero_grad(set_to_none=False) and "
    "captured graphs write into the same memory at each step.",
)
def kept_gradients(subject: Subject) -> Finding:
    """Write each gradient over the last one."""
    if not is_steady(subject):
        return None
    places: dict[int, Tensor] = {}

    def over(weight: Tensor, place: int, step: int) -> Tensor:
        kept = places.setdefault(place, torch.zeros_like(weight, requires_grad=False))
        return kept.copy_(pull(weight, place, step))

    found = train(subject, make_weights(), over)
    difference = find_deviation(found, train(subject, make_weights()), _SAME)
    return difference and f"written over and not: {difference}"


@check(
    "gradients that are as before after the step, also where they are clipped",
    "Use grad.add, not grad.add_; grad * factor, not grad.mul_ or torch.nn.utils.clip_grad_norm_.",
    name="inputs",
)
def kept_inputs(subject: Subject) -> Finding:
    """Make a step with small gradients and with large ones, for each argument that clips."""
    clips = [name for name in subject.variations if "clip" in name or "norm" in name]
    for arguments in ({}, *({name: subject.variations[name]} for name in clips)):
        for size in (1.0, 1e4):
            parameters = start()
            try:
                optimizer = build_optimizer(subject.make(**arguments), parameters)
                if needs_closure(optimizer):  # which computes them anew
                    return None
                set_gradients(optimizer, parameters, functools.partial(_parabola, size))
                before = [one.grad.clone() for one in parameters if one.grad is not None]
                optimizer.step()
            except Exception:
                if not arguments:
                    raise
                continue
            difference = find_difference(before, [parameter.grad for parameter in parameters])
            if difference:
                return difference + (f", made with {arguments}" if arguments else "")
    return None


@check(
    "a state for each weight: three of one shape move in any order as they do in another",
    "Look for state by the weight, self.state[p], not by its shape or place; keep none in the class.",
)
def own_state(subject: Subject) -> Finding:
    """Train weights of one shape in two orders, and two optimizers in turns."""
    if not is_steady(subject):
        return None
    shapes = [(2, 3)] * 3
    expected = train(subject, make_weights(shapes), _by_place)
    turned = train(subject, make_weights(shapes)[::-1], lambda w, p, s: _by_place(w, 2 - p, s))
    difference = find_deviation(turned[::-1], expected, _SAME)
    if difference:
        return f"in reverse and in order: {difference}"
    one, other = make_weights(shapes), make_weights(shapes)
    with seeded(99):
        first, second = build(subject, one), build(subject, other)
        for step in range(_STEPS):
            give(first, one, _by_place, step)
            give(second, other, lambda w, p, s: -3.0 * _by_place(w, p, s), step)
    difference = find_deviation([weight.detach() for weight in one], expected, _SAME)
    return difference and f"in turns with a second optimizer and alone: {difference}"


def _parabola(size: float, parameters: list[Tensor]) -> Tensor:
    return size * parabola(parameters)


def _by_place(weight: Tensor, place: int, step: int) -> Tensor:
    return pull(weight, place, step) * (1.0 + place) * (-1.0 if place == 1 and step % 2 else 1.0)


@check(
    "in float16 and bfloat16 the steps of float64, within rounding, and a state that can hold its numbers",
    "Make state with torch.zeros_like(p), and a count of steps as a Python number or in float32: in the type "
    "of a bfloat16 weight it stops at 256. Do not square, divide or add epsilon where it rounds to 0 or inf.",
    level="gold",
)
def half(subject: Subject) -> Finding:
    """Train weights of each half type; look at the types of the state."""
    if not is_steady(subject):
        return None
    expected = train(subject, make_weights())
    for dtype in (*_HALVES, torch.float32, torch.float64):
        weights = [weight.detach().to(dtype).requires_grad_() for weight in make_weights()]
        with seeded(99):
            optimizer = build(subject, weights)
            states = []
            for step in range(_STEPS):
                give(optimizer, weights, pull, step)
                states.append(_read_state(optimizer, weights))
        finding = _find_wrong_state(states)
        if finding:
            return finding
        difference = find_deviation(
            [weight.detach() for weight in weights], expected, _HALF_ROUNDING
        )
        if difference:
            return f"weights of {dtype} and of float64: {difference}"
    return None


def _read_state(optimizer: Any, weights: Sequence[Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """Return the tensors of the state of each weight and of each group, with a weight."""
    found = {}
    for at, weight in enumerate(weights):
        state = optimizer.state.get(weight, {})
        for key, value in state.items() if isinstance(state, Mapping) else ():
            if isinstance(value, Tensor) and value.is_floating_point():
                found[f"state {key!r} of weight {at}"] = (value.detach().clone(), weight)
    for key, value in optimizer.param_groups[0].items():
        if isinstance(value, Tensor) and value.is_floating_point():
            found[f"group's {key!r}"] = (value.detach().clone(), weights[0])
    return found


def _find_wrong_state(states: Sequence[Mapping[str, tuple[Tensor, Tensor]]]) -> Finding:
    for name, (value, weight) in states[-1].items():
        is_count = value.numel() == 1 and weight.numel() > 1
        if is_count and value.dtype in _HALVES:
            if float(value) == _STEPS and float(states[0].get(name, (value,))[0]) == 1.0:
                return f"the {name} counts in {value.dtype}"
        # float32 beside float64 is wide enough: some rules keep all of their state in it.
        elif value.shape == weight.shape and (
            torch.finfo(value.dtype).bits < min(torch.finfo(weight.dtype).bits, 32)
        ):
            return f"the {name} is {value.dtype}, the weight {weight.dtype}"
    return None


OF_LIFE = (
    *(memory, late_gradient, lost_gradient, kept_gradients, kept_inputs, own_state),
    half,
)
