"""Checks of float16 and bfloat16: overflow, promotion, counts that stop."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from kplug.inspection import load
from kplug_authoring.checks.awkward_points import takes_any_number
from kplug_authoring.checks.subject import Finding, Subject, check, is_finite, leaves, shown
from kplug_authoring.examples import cast

_HALVES = (torch.float16, torch.bfloat16)
_SHARE = 0.06
_WIDE = "Compute in float32 where sums, squares or exp overflow: x.float(), then .to(x.dtype)."


@check(
    "in float16 and bfloat16 the values of float64, within rounding, in the type of the input",
    _WIDE,
    after=("dtype", "large", "device", "idempotent", "ranks"),
    level="gold",
)
def half(subject: Subject) -> Finding:
    """Compute an activation, a penalty or a constrained weight in each half type."""
    (x,) = cast(subject.inputs, torch.float64)
    kernel = 0.1 * torch.linspace(-2.0, 2.0, 40 * 30, dtype=torch.float64).sin().reshape(40, 30)
    large = 20.0 * x.sign()
    areas = 2.0 * torch.linspace(-90.0, 70.0, 90_000, dtype=torch.float64).sin().reshape(300, 300)
    more = (areas,) if subject.kind.name == "regularizer" and _is_mean(subject, areas) else ()
    small = (1e-3 * kernel,) if subject.kind.name == "constraint" else ()
    for values in (x, *more, large if subject.kind.name == "activation" else kernel, *small):
        for dtype in _HALVES:
            given = values.to(dtype)
            try:
                found = torch.as_tensor(subject.make()(given.clone())).detach()
                expected = torch.as_tensor(subject.make()(given.double())).detach()
            except Exception as error:  # noqa: BLE001 - foreign code
                if values is x and dtype is torch.bfloat16:
                    return f"for {dtype}: {type(error).__name__}: {error}"
                continue  # torch has some operations in no float16, and a shape may not suit
            if found.dtype is not dtype:
                return f"{found.dtype} for {dtype}"
            finding = _compare(found, expected, dtype)
            # Rounding may decide where large inputs are equal; what is not finite is no rounding.
            if finding and not (values is large and bool(found.isfinite().all())):
                return finding
    return None


def _is_mean(subject: Subject, weight: Tensor) -> bool:
    """Whether a penalty is no sum, which overflows where there is much to add."""
    try:
        once, twice = (float(subject.make()(one)) for one in (weight, torch.cat([weight, weight])))
    except Exception:  # noqa: BLE001 - a shape may not suit
        return False
    return abs(twice - once) < 0.01 * abs(once)


def _compare(found: Tensor, expected: Tensor, dtype: torch.dtype) -> Finding:
    largest = float(expected.abs().max()) if expected.numel() else 0.0
    if not largest < torch.finfo(dtype).max:
        return None
    is_near = (found.double() - expected).abs() <= _SHARE * largest + 1e-3
    return (
        None if bool(is_near.all()) else f"{shown(found)} in {dtype}, {shown(expected)} in float64"
    )


@check(
    "for predictions in float16 and bfloat16 the loss of float64, within rounding",
    _WIDE,
    name="half",
    after=("dtype", "inputs"),
    level="gold",
)
def half_loss(subject: Subject) -> Finding:
    """Compute a loss of many predictions in each half type."""
    if subject.is_slow:
        return None
    y_true, y_pred = cast(subject.inputs, torch.float64)
    many = -(-600 // max(len(y_pred), 1))
    sizes = (1.0, 5.0, 50.0) if takes_any_number(subject) else (1.0,)
    for size in sizes:
        count = 1 if size == 5.0 else many  # where sums of many overflow
        for dtype in _HALVES:
            predictions = (size * y_pred).to(dtype).repeat(count, *[1] * (y_pred.ndim - 1))
            targets = y_true.repeat(count, *[1] * (y_true.ndim - 1))
            rounded = targets.to(dtype) if targets.is_floating_point() else targets
            expected = subject.make()(
                rounded.double() if targets.is_floating_point() else targets, predictions.double()
            )
            leaf = predictions.clone().requires_grad_()
            try:
                found = subject.make()(rounded, leaf)
            except RuntimeError as error:
                if "not implemented for" in str(error):
                    continue
                raise
            finding = _compare(found.detach(), expected.detach(), dtype)
            if finding:
                return finding
            if found.requires_grad:
                (gradient,) = torch.autograd.grad(found, leaf, allow_unused=True)
                if gradient is None:
                    continue
                if gradient.isnan().any():
                    return f"the gradient {shown(gradient)} in {dtype}"
    return _find_at_ends(subject) or _find_in_function(subject)


def _find_in_function(subject: Subject) -> Finding:
    """Call a function itself in half types, as other code does; for a model the numbers are wide."""
    function = load(subject.component)
    if not inspect.isfunction(function) or subject.component.role not in (None, "function"):
        return None
    y_true, y_pred = cast(subject.inputs, torch.float64)
    arguments = subject.example.arguments
    wrong = 1.0 - y_true if y_true.shape == y_pred.shape else y_pred
    signs = torch.linspace(0.0, 9_000.0, 24 * 24 * 3, dtype=torch.float64).sin().sign()
    image = (signs > 0).double().reshape(1, 24, 24, 3)
    apart = (image, image + 8.0 * signs.roll(5).reshape(image.shape))
    points = [(y_true, y_pred), (y_true, 5.0 * y_pred), (y_true, wrong), apart]
    for targets, predictions in points:
        for dtype in _HALVES:
            given = targets.to(dtype) if targets.is_floating_point() else targets
            try:
                expected = function(targets, predictions.to(dtype).double(), **arguments)
                found = function(given, predictions.to(dtype), **arguments)
            except Exception:  # noqa: BLE001, S112 - it refuses them, or torch has no such operation
                continue
            finding = _compare(found.detach(), expected.detach(), dtype)
            if finding and bool(expected.isfinite().all()):
                return f"by the function itself {finding}"
    return None


def _find_at_ends(subject: Subject) -> Finding:
    """Compute the loss of wrong predictions of 0 and 1, if it is finite in float32."""
    y_true, y_pred = cast(subject.inputs, torch.float32)
    is_label = y_true.shape == y_pred.shape and bool(((y_true == 0) | (y_true == 1)).all())
    if not is_label or not bool(((y_pred >= 0) & (y_pred <= 1)).all()):
        return None
    wrong = 1.0 - y_true
    if not is_finite(subject.make()(y_true, wrong)):
        return None
    for dtype in _HALVES:
        try:
            found = subject.make()(y_true.to(dtype), wrong.to(dtype))
        except RuntimeError:  # torch has some operations in no half type
            continue
        if not is_finite(found):
            return f"{shown(found)} in {dtype} for wrong predictions of 0 and 1"
    return None


@check(
    "for predictions in float16 and bfloat16 the result of float32, within rounding, over many batches",
    "Keep state in float32 or float64, whatever the predictions are in, and add in it: a count in bfloat16 "
    "stops at 256, a sum in float16 ends at 65504.",
    name="half",
    after=("batches", "inputs"),
    level="gold",
)
def half_metric(subject: Subject) -> Finding:
    """Update a metric with a large batch and many small ones, in each half type."""
    inputs = cast(subject.inputs, torch.float64)
    if len(inputs[0]) < 2 or subject.is_slow:
        return None
    *others, last = inputs
    smaller = (
        *others,
        last
        * torch.linspace(0.2, 0.9, len(last), dtype=last.dtype).reshape(-1, *[1] * (last.ndim - 1)),
    )
    finding = _find_in_stream(subject, inputs)
    if finding or not last.is_floating_point():
        return finding
    try:
        finding = _find_in_stream(subject, smaller)
        is_real = len(inputs) == 2 and inputs[0].shape == last.shape
        return finding or (_find_overflow(subject) if is_real else None)
    except Exception:  # noqa: BLE001 - it takes shares only
        return None


def _find_overflow(subject: Subject) -> Finding:
    """Give many errors, whose squares overflow float16: 3,000 of 8 add up to 192,000."""
    waves = torch.linspace(0.3, 900.0, 3_000, dtype=torch.float64).reshape(30, 100)
    targets, predictions = 8.0 * waves.sin(), 8.0 * (1.3 * waves).cos()
    results = []
    for dtype in (torch.float32, torch.float16):
        metric = subject.make()
        metric.update_state(targets.float(), predictions.to(dtype), sample_weight=None)
        results.append(leaves(metric.result()))
    expected, found = results
    if all(map(is_finite, expected)) and not all(map(is_finite, found)):
        return (
            f"3,000 errors give {shown(expected[0])} in float32, {shown(found[0])} in torch.float16"
        )
    return None


def _find_in_stream(subject: Subject, inputs: tuple[Tensor, ...]) -> Finding:
    metric = subject.make()
    metric.update_state(*cast(inputs, torch.bfloat16), sample_weight=None)
    # Lists of predictions grow, and are added to nothing.
    if any(one.dtype in _HALVES and one.numel() == 1 for one in metric.variables):
        return "state in bfloat16 for torch.bfloat16"
    for dtype in _HALVES:
        rounded = [one.to(dtype) if one.is_floating_point() else one for one in inputs]
        wide = [one.float() if one.is_floating_point() else one for one in rounded]
        try:
            expected = _stream(subject.make(), wide)
            given = [wide[0], *rounded[1:]] if len(wide) > 1 else rounded
            found = _stream(subject.make(), given)
        except RuntimeError as error:
            if "not implemented for" in str(error):
                continue
            raise
        if not all(map(is_finite, expected)):
            continue
        for one, other in zip(expected, found, strict=False):
            apart = (one.double() - other.double()).abs()
            if not bool((apart <= 0.03 * one.double().abs() + 1e-3).all()):
                return f"{shown(one)} for float32, {shown(other)} for {dtype}"
    return None


def _stream(metric: Any, inputs: list[Tensor]) -> list[Tensor]:
    """Update with one sample 256 times, then with others one by one."""
    batches = [[value[:1].repeat(256, *[1] * (value.ndim - 1)) for value in inputs]]
    places = [1 + step % (len(inputs[0]) - 1) for step in range(96)]
    batches += [[value[at : at + 1] for value in inputs] for at in places]
    for batch in batches:
        metric.update_state(*batch, sample_weight=None)
    return leaves(metric.result())
