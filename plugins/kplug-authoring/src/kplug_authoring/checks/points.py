"""Checks at numerical edge cases: zero, large values, exact and overconfident predictions."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from kplug_authoring.checks.awkward_points import takes_any_number
from kplug_authoring.checks.subject import Finding, Subject, check, is_finite, shown
from kplug_authoring.examples import cast

_DIVISOR = "Add kplug.backend.epsilon() to a divisor and under a root."


@check("finite values and gradients where the input is 0", _DIVISOR, name="zero")
def activation_of_zero(subject: Subject) -> Finding:
    """Compute an activation of zeros."""
    (x,) = cast(subject.inputs, torch.float64)
    return _find_in(subject, torch.zeros_like(x), Tensor.isfinite)


@check(
    "no NaN, and no gradient that is one, for inputs of -1000 and 1000",
    "exp overflows: use torch.sigmoid, torch.nn.functional.softplus or logsumexp, or subtract the largest "
    "value.",
)
def large(subject: Subject) -> Finding:
    """Compute an activation of large values of both signs."""
    (x,) = cast(subject.inputs, torch.float32)
    return _find_in(subject, 1000.0 * x.sign(), lambda value: ~value.isnan())


def _find_in(subject: Subject, x: Tensor, is_right: object) -> Finding:
    x.requires_grad_()
    value = subject.make()(x)
    if not bool(is_right(value).all()):  # type: ignore[operator]
        return f"the value {shown(value)}"
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value.sum(), x)
        if not bool(is_right(gradient).all()):  # type: ignore[operator]
            return f"the gradient {shown(gradient)}"
    return None


@check(
    "a finite value and gradient for a prediction that is exactly right, and no NaN with other numbers as "
    "arguments",
    f"A root, a norm and a log have no gradient at 0, nor has a power below 1. {_DIVISOR}",
)
def exact(subject: Subject) -> Finding:
    """Give a loss its targets as predictions."""
    y_true, y_pred = cast(subject.inputs, torch.float32)
    wanted = _as_predictions(y_true, y_pred)
    if wanted is None:
        return None
    return _find_in_loss(subject, y_true, wanted) or _find_with_others(subject, y_true, wanted)


def _find_with_others(subject: Subject, y_true: Tensor, wanted: Tensor) -> Finding:
    """Look for NaN where predictions, and logits, are right, with other numbers as arguments."""
    points = [("a right prediction", wanted)]
    if bool(((wanted == 0) | (wanted == 1)).all()) and takes_any_number(subject):
        points.append(("right logits of 60", 120.0 * wanted - 60.0))
    numbers: list[dict[str, object]] = [
        {name: value}
        for name, values in subject.candidates.items()
        for value in values
        if value in (0.5, 0.9) and subject.is_taken(**{name: value})
    ]
    for name, predictions in points:
        for arguments in ({}, *numbers):
            leaf = predictions.clone().requires_grad_()
            try:
                value = subject.make(**arguments)(y_true, leaf).sum()
                (gradient,) = torch.autograd.grad(value, leaf)
            except Exception:  # noqa: BLE001, S112 - it refuses them
                continue
            # A root may well have no end to its slope at 0, but its slope is a number.
            if bool(gradient.isnan().any()) and is_finite(value):
                return f"for {name} with {arguments} the gradient {shown(gradient)}"
    return None


@check(
    "a finite value and gradient for predictions of 0 and 1 that are wrong, in float32",
    "Clip probabilities: y_pred.clamp(epsilon, 1 - epsilon), with kplug.backend.epsilon(), which float32 can "
    "tell from 0 and 1.",
)
def extremes(subject: Subject) -> Finding:
    """Give a loss of probabilities confident but wrong predictions."""
    y_true, y_pred = cast(subject.inputs, torch.float32)
    wanted = _as_predictions(y_true, y_pred)
    is_probable = bool(((y_pred >= 0) & (y_pred <= 1)).all())
    if wanted is None or not is_probable or not bool(((wanted == 0) | (wanted == 1)).all()):
        return None
    wrong = 1 - wanted if y_true.shape == y_pred.shape else wanted.roll(1, -1)
    return _find_in_loss(subject, y_true, wrong)


def _as_predictions(y_true: Tensor, y_pred: Tensor) -> Tensor | None:
    """Return the correct predictions, or None if that is unclear."""
    if y_true.shape == y_pred.shape:
        return y_true.to(y_pred.dtype)
    if y_true.dtype.is_floating_point or y_true.shape != y_pred.shape[:-1]:
        return None
    return torch.nn.functional.one_hot(y_true, y_pred.shape[-1]).to(y_pred.dtype)


def _find_in_loss(subject: Subject, y_true: Tensor, y_pred: Tensor) -> Finding:
    y_pred = y_pred.clone().requires_grad_()
    value = subject.make()(y_true, y_pred)
    if not is_finite(value):
        return f"the value {shown(value)}"
    if not value.requires_grad:
        return None
    (gradient,) = torch.autograd.grad(value.sum(), y_pred, allow_unused=True)
    if gradient is None:
        return None
    return None if is_finite(gradient) else f"the gradient {shown(gradient)}"


@check(
    "no number that doubles when each sample, or each step of a sequence, is there twice",
    "Average over the samples and over all axes but the last. If a sum is meant, say so: "
    "Example(leave_out={'repeated': 'why'}).",
)
def repeated(subject: Subject) -> Finding:
    """Give a loss the same samples twice."""
    loss = subject.make()
    if getattr(loss, "reduction", None) in ("sum", "none"):
        return None
    for inputs, axis in _repeatable(subject):
        try:
            once = loss(*inputs)
            twice = loss(*(torch.cat([one, one], axis) for one in inputs))
        except Exception:  # noqa: BLE001, S112 - unsuitable inputs
            continue
        if once.abs() > 1e-6 and torch.isclose(twice, 2 * once, rtol=1e-6):
            what = "sample" if axis == 0 else "step"
            return f"{shown(once)}, and {shown(twice)} with each {what} twice"
    return None


def _repeatable(subject: Subject) -> Iterator[tuple[tuple[Tensor, ...], int]]:
    inputs = cast(subject.inputs, torch.float64)
    yield inputs, 0
    chance = torch.Generator().manual_seed(1234)
    steps = torch.rand((2, 4, 3), dtype=torch.float64, generator=chance).softmax(-1)
    yield (steps.flip(0).round(), steps), 1
