"""Checks at ties and at large values, and of second derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from kplug_authoring.checks.subject import Finding, Subject, check, is_finite, shown
from kplug_authoring.examples import cast

_LARGEST = 1e30  # float32 holds it
_STEP = 1e-6


def run_at(made: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Return a weighted sum of the values, and its gradient for the last input."""
    *others, last = inputs
    leaf = last.detach().clone().requires_grad_()
    total = weigh(made(*others, leaf))
    if not total.requires_grad:
        return total.detach(), torch.zeros_like(leaf)
    (gradient,) = torch.autograd.grad(total, leaf, allow_unused=True)
    if gradient is None:
        gradient = torch.zeros_like(leaf)
    return total.detach(), gradient


def weigh(value: Tensor) -> Tensor:
    """Return a sum of values with different weights; of one number, that number."""
    if value.ndim == 0:
        return value
    weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
    return (value * weights).sum()


def _directions(like: Tensor) -> Iterator[Tensor]:
    yield torch.linspace(-1.0, 2.0, like.numel(), dtype=like.dtype).sin().reshape(like.shape)
    yield torch.linspace(0.3, 9.0, like.numel(), dtype=like.dtype).cos().reshape(like.shape)


def list_points(subject: Subject) -> Iterator[tuple[str, tuple[Tensor, ...]]]:
    """Yield awkward inputs in float64 with a name for each."""
    *others, last = cast(subject.inputs, torch.float64)
    signs = torch.where(last > last.mean(), 1.0, -1.0).double()
    is_loss = subject.kind.name == "loss"
    if not is_loss:
        yield "equal inputs", (torch.full_like(last, 0.7),)
        yield "inputs of 0", (torch.zeros_like(last),)
    else:
        yield "equal predictions", (*others, torch.full_like(last, 1.0 / last.shape[-1]))
    if not is_loss or takes_any_number(subject):
        for size in (30.0, 100.0):
            yield f"{'predictions' if is_loss else 'inputs'} of {size:g}", (*others, size * signs)


def takes_any_number(subject: Subject) -> bool:
    """Whether a loss is finite for predictions beyond [0, 1], as of a regression or of logits."""
    *others, last = cast(subject.inputs, torch.float64)
    try:
        sizes = (3.0, -3.0)
        return all(is_finite(subject.make()(*others, size * (last + 0.1))) for size in sizes)
    except Exception:  # noqa: BLE001 - it refuses them
        return False


def _is_elementwise(subject: Subject) -> bool:
    """Whether the gradient of a number depends on no other prediction."""
    inputs = cast(subject.inputs, torch.float64)
    *others, last = inputs
    moved = last.clone().flatten()
    moved[0] = 0.01 + moved.max()  # which a maximum would follow
    gradients = [run_at(subject.make(), one)[1] for one in (inputs, (*others, moved.view_as(last)))]
    return bool(torch.equal(*(gradient.flatten()[1:] for gradient in gradients)))


@check(
    "at ties and at inputs of 30 and 100 the value and gradient of float64, and the value's gradient",
    "exp overflows and log(sigmoid(x)) loses its digits: use logsumexp, logsigmoid, softplus, "
    "binary_cross_entropy_with_logits. In a backward pass of your own, look at equal inputs and at 0.",
    after=("gradcheck", "large", "zero", "inputs"),
)
def precise(subject: Subject) -> Finding:
    """Compare float32 with float64, and gradients with one-sided differences, at awkward inputs."""
    is_elementwise = _is_elementwise(subject)
    for mode, made in _modes(subject):
        for name, inputs in list_points(subject):
            try:
                finding = _find_at(made(), made(), inputs, is_elementwise)
            except Exception:  # noqa: BLE001, S112 - it refuses them, or other checks report it
                continue
            if finding:
                return f"for {name}{mode}: {finding}"
    return None


def _modes(subject: Subject) -> Iterator[tuple[str, Any]]:
    yield "", subject.make
    if "from_logits" in subject.parameters and subject.is_taken(from_logits=True):
        yield " (from_logits=True)", lambda: subject.make(from_logits=True)


def _find_at(single: Any, double: Any, inputs: tuple[Tensor, ...], is_elementwise: bool) -> Finding:
    value, gradient = run_at(double, inputs)
    if value.isnan() or gradient.isnan().any():
        return f"the value {shown(value)}, the gradient {shown(gradient)}"
    if float(value.abs()) < _LARGEST:
        other, slope = run_at(single, cast(inputs, torch.float32))
        # Probabilities that are cut off at 1e-7 are so with an error of that size in float32.
        if not abs(float(other) - float(value)) <= 3e-2 * abs(float(value)) + 1e-5:
            return f"{shown(other)} in float32 and {shown(value)} in float64"
        largest = float(gradient.abs().max()) if gradient.numel() else 0.0
        is_near = (slope.double() - gradient).abs() <= 1e-2 * largest + 1e-6
        if largest < _LARGEST and not bool(is_near.all()):
            return f"the gradient {shown(slope)} in float32 and {shown(gradient)} in float64"
        # Where numbers compete, as in a maximum, there are several right gradients at a tie.
        return _compare_slopes(double, inputs, value, gradient) if is_elementwise else None
    return None


def _compare_slopes(
    made: Any, inputs: tuple[Tensor, ...], value: Tensor, gradient: Tensor
) -> Finding:
    """Compare a gradient with differences to both sides, between which it has to lie."""
    *others, last = inputs
    for direction in _directions(last):
        step = _STEP * max(1.0, float(last.abs().max()))
        with torch.no_grad():
            above, below = (
                weigh(made(*others, last + sign * step * direction)) for sign in (1.0, -1.0)
            )
        right, left = float(above - value) / step, float(value - below) / step
        found = float((gradient * direction).sum())
        noise = 1e-13 * abs(float(value)) / step
        slack = 1e-3 * max(abs(left), abs(right), abs(found)) + 1e-5 + noise
        if max(abs(left), abs(right)) * step > 1e-3 * max(abs(float(value)), 1.0):
            return None  # the value jumps
        if not min(left, right) - slack <= found <= max(left, right) + slack:
            return f"a slope of {found:.4g}, and differences of {left:.4g} and {right:.4g}"
    return None


@check(
    "at inputs and errors as large as an argument says a finite value and gradient, and no value apart from "
    "those beside it",
    "Where two formulas meet, one of them has to take the place itself: error <= delta beside error > delta; "
    "and a root has no slope at 0, which torch.where multiplies with 0 to NaN.",
    after=("gradcheck", "inputs"),
)
def limits(subject: Subject) -> Finding:
    """Give inputs at which a number that an argument holds is reached exactly."""
    *others, last = cast(subject.inputs, torch.float64)
    numbers = [
        float(value)
        for value in subject.resolve().arguments.values()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    for number in {sign * value for value in (*numbers, 0.5, 1.0) for sign in (1.0, -1.0)}:
        around = others[0].to(last) if others and others[0].shape == last.shape else 0.0
        point = torch.zeros_like(last) + around + number
        try:
            value, gradient = run_at(subject.make(), (*others, point))
            above, below = (
                run_at(subject.make(), (*others, point + step))[0] for step in (1e-9, -1e-9)
            )
        except Exception:  # noqa: BLE001, S112 - it refuses them
            continue
        if not all(map(is_finite, (value, above, below))):
            continue
        if not is_finite(gradient):
            return f"for {number:g} the gradient {shown(gradient)}"
        size = 1e-3 * max(abs(float(above)), abs(float(below)), 1e-3)
        if abs(float(above - below)) < 1e-3 * size and abs(float(value - above)) > size:
            return f"{shown(value)} for {number:g}, and {shown(above)} beside it"
    return None


@check(
    "for a wrong logit a loss that goes on to grow, as it does for smaller ones",
    "Clamp no probability that comes of a logit: use logsigmoid, log_softmax or softplus, or "
    "binary_cross_entropy_with_logits.",
    after=("gradcheck", "inputs"),
)
def large_logits(subject: Subject) -> Finding:
    """Compare a loss of wrong logits from 6 to 100."""
    y_true, y_pred = cast(subject.inputs, torch.float64)
    if y_true.shape == y_pred.shape and bool(((y_true == 0) | (y_true == 1)).all()):
        signs = 1.0 - 2.0 * y_true
    elif y_true.shape == y_pred.shape[:-1] and not y_true.is_floating_point():
        signs = 1.0 - 2.0 * torch.nn.functional.one_hot(y_true, y_pred.shape[-1]).double()
    else:
        return None
    try:
        values = [
            float(run_at(subject.make(), (y_true, size * signs))[0])
            for size in (6.0, 8.0, 60.0, 100.0)
        ]
    except Exception:  # noqa: BLE001 - it refuses them
        return None
    growth = (values[1] - values[0]) / 2.0
    if growth > 0.05 * abs(values[1]) and values[3] - values[2] < 1e-3 * growth * 40.0:
        return f"{values[1]:.4g} at 8, {values[2]:.4g} at 60 and {values[3]:.4g} at 100"
    return None


@check(
    "a second derivative that is the gradient's",
    "In the backward pass of an autograd.Function compute with tensors from ctx.saved_tensors, without "
    "detach(), .data or no_grad; or decorate it with once_differentiable, which refuses.",
    after=("gradcheck", "inputs"),
)
def second_order(subject: Subject) -> Finding:
    """Differentiate the gradient, and compare with differences of gradients."""
    *others, last = cast(subject.inputs, torch.float64)
    made = subject.make()
    leaf = last.clone().requires_grad_()
    direction = next(_directions(last))
    try:
        total = weigh(made(*others, leaf))
        (gradient,) = torch.autograd.grad(total, leaf, create_graph=True)
        found = torch.zeros_like(last)
        if gradient.requires_grad:
            (second,) = torch.autograd.grad((gradient * direction).sum(), leaf, allow_unused=True)
            if second is not None:
                found = second
        ends = [run_at(made, (*others, last + size * direction))[1] for size in (1e-5, -1e-5)]
    except Exception:  # noqa: BLE001 - it refuses, as torch's fused kernels do
        return None
    expected = (ends[0] - ends[1]) / 2e-5
    is_near = (found - expected).abs() <= 1e-3 * float(expected.abs().max()) + 1e-5
    if bool(is_near.all()):
        return None
    return f"{shown(found)}, and {shown(expected)} by differences of gradients"
