"""Checks of many pixels, many samples and many classes, and of soft targets."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from kplug_authoring.checks.awkward_points import run_at
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    count_calls,
    find_difference,
    is_finite,
    leaves,
    shown,
    values_of,
)
from kplug_authoring.examples import cast

_TOLERANCE = 1e-4  # metrics keep float32
_FEW_CALLS = 3_000
_ALL = "Take all of them: no fixed number of pixels, classes or places, and no draw among them."


@check(
    "of images of 3,600 pixels, as of small ones, every pixel, wherever it is, and 1,500 samples likewise",
    _ALL,
    after=("layout", "inputs", "batches"),
)
def many(subject: Subject) -> Finding:
    """Compare images with their tiles and their mirror images, small ones first."""
    if subject.is_slow:
        return None
    for name, (make, side) in _LABELS.items():
        try:
            small = [_run(subject, make(10)), _run(subject, _tile(make(10)))]
            turned = [_run(subject, make(12)), _run(subject, _flip(make(12)))]
        except Exception:  # noqa: BLE001, S112 - it takes other inputs
            continue
        are_alike = find_difference(small[0], small[1], _TOLERANCE) is None
        if are_alike and find_difference(small[0], turned[0]):  # of small images some see nothing
            tiles = _run(subject, make(side // 2)), _run(subject, _tile(make(side // 2)))
            difference = find_difference(*tiles, _TOLERANCE)
            if difference:
                count = (side // 2) ** 2
                return f"for an image of {count:,} pixels ({name}), and four beside each other: {difference}"
        if not find_difference(turned[0], turned[1], _TOLERANCE):
            large = _run(subject, make(side)), _run(subject, _flip(make(side)))
            difference = find_difference(*large, _TOLERANCE)
            if difference:
                return (
                    f"for an image of {side**2:,} pixels ({name}), and turned by 180°: {difference}"
                )
        finding = _find_idle(subject, make(12), make(side)) if subject.kind.name == "loss" else None
        if finding:
            return finding
    inputs = cast(subject.inputs, torch.float64)
    if not find_difference(_run(subject, inputs), _run(subject, _times(inputs, 2)), _TOLERANCE):
        difference = find_difference(
            _run(subject, inputs), _run(subject, _times(inputs, 300)), _TOLERANCE
        )
        if difference:
            return f"for {len(inputs[0])} samples, and for each 300 times: {difference}"
    return None


def _run(subject: Subject, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    made = subject.make()
    if subject.kind.name == "loss":
        return [torch.as_tensor(made(*inputs)).detach()]
    made.update_state(*cast(inputs, torch.float32), sample_weight=None)
    return [value.double() for value in leaves(made.result())]


def _make_images(size: int) -> tuple[Tensor, Tensor, Tensor]:
    chance = torch.Generator().manual_seed(size)
    shape = (1, size, size, 3)
    predicted = torch.rand(shape, dtype=torch.float64, generator=chance).mul(3.0).softmax(-1)
    labels = (torch.rand(shape, dtype=torch.float64, generator=chance) > 0.6).double()
    return labels, predicted, torch.randint(0, 3, shape[:-1], generator=chance)


def _overlapping(size: int) -> tuple[Tensor, ...]:
    labels, predicted, _ = _make_images(size)
    return labels, predicted


def _single(size: int) -> tuple[Tensor, ...]:
    labels, predicted, _ = _make_images(size)
    return labels[..., :1], predicted[..., :1]


def _ids(size: int) -> tuple[Tensor, ...]:
    _, predicted, ids = _make_images(size)
    return ids, predicted


# Sides of large images; what compares all pairs of values takes memory, so one with channels is smaller.
_LABELS = {
    "one channel": (_single, 60),
    "labels": (_overlapping, 40),
    "class ids": (_ids, 40),
}


def _tile(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(torch.cat([torch.cat([one, one], 1)] * 2, 2) for one in inputs)


def _flip(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(one.flip(1, 2) for one in inputs)


def _times(inputs: tuple[Tensor, ...], count: int) -> tuple[Tensor, ...]:
    return tuple(one.repeat(count, *[1] * (one.ndim - 1)) for one in inputs)


def _find_idle(subject: Subject, small: tuple[Tensor, ...], large: tuple[Tensor, ...]) -> Finding:
    """Compare the shares of pixels that have a gradient."""
    moved = tuple(one.roll((17, 23), (1, 2)) for one in large)
    try:
        reached = [run_at(subject.make(), one)[1] != 0 for one in (small, large, moved)]
    except RuntimeError:  # torch has no gradient of some views
        return None
    shares = [float(one.double().mean()) for one in reached]
    # Hard pixels are others where the pixels are moved; places stay where they are.
    follow = (reached[1].roll((17, 23), (1, 2)) == reached[2]).double().mean()
    if shares[1] >= 0.9 * shares[0] or float(follow) > 0.99:
        return None
    return f"of 144 pixels {shares[0]:.0%} have a gradient, of {large[-1][..., 0].numel():,} {shares[1]:.0%}"


@check(
    "with 20 and with 300 classes the same whatever order they are in, if with 3 it is",
    f"Take the number of classes from y_pred.shape[-1] or an argument. {_ALL}",
)
def classes(subject: Subject) -> Finding:
    """Exchange classes in targets and predictions."""
    if subject.is_slow:
        return None
    are_ids = not subject.inputs[-1].is_floating_point()
    for form in ("ids of both",) if are_ids else ("one-hot", "ids"):
        try:
            few = [_run_classes(subject, 3, {}, form, *turns) for turns in ((0, 0), (1, 1), (0, 1))]
            if find_difference(few[0], few[1], _TOLERANCE) or not find_difference(few[0], few[2]):
                continue  # the order counts, or nothing does
            finding = _compare_orders(subject, 20, form)
            if not finding and not _find_misplaced(subject, 3, form):
                finding = _find_misplaced(subject, 20, form)
        except Exception:  # noqa: BLE001, S112 - it takes other inputs
            continue
        if finding:
            return finding
        # One that goes from class to class takes too long for many.
        if count_calls(lambda: _compare_orders(subject, 20, form)) < _FEW_CALLS:  # noqa: B023 - used at once
            finding = _compare_orders(subject, 300, form)
        if finding:
            return finding
    return None


def _compare_orders(subject: Subject, count: int, form: str) -> Finding:
    arguments = {"num_classes": count} if "num_classes" in subject.parameters else {}
    found = _run_classes(subject, count, arguments, form, 0, 0)
    for turn in (1, 7, 107)[: 2 if count < 100 else 3]:
        other = _run_classes(subject, count, arguments, form, turn, turn)
        difference = find_difference(found, other, _TOLERANCE)
        if difference:
            return f"{count} classes ({form}) in two orders: {difference}"
    return None


def _find_misplaced(subject: Subject, count: int, form: str) -> Finding:
    """Compare values of single classes with those of classes that are numbered on by one."""
    arguments = {"num_classes": count} if "num_classes" in subject.parameters else {}
    first, second = (
        _run_classes(subject, count, arguments, form, turn, turn, sort=False) for turn in (0, 1)
    )
    moved = [one.roll(1) for one in first]
    difference = find_difference(moved, second, _TOLERANCE)
    return (
        difference and f"values of {count} classes ({form}), and numbered on by one: {difference}"
    )


def _run_classes(
    subject: Subject,
    count: int,
    arguments: Mapping[str, object],
    form: str,
    turn: int,
    other: int,
    *,
    sort: bool = True,
) -> list[Tensor]:
    """Return what comes of classes that are numbered on by some, in targets and in predictions."""
    chance = torch.Generator().manual_seed(count)
    samples = 120 if count < 100 else 60
    ids = torch.randint(0, count, (samples,), generator=chance)
    scores = torch.rand((samples, count), dtype=torch.float64, generator=chance)
    scores = (3.0 * scores + 1.5 * torch.nn.functional.one_hot(ids, count)).softmax(-1)
    ids, scores = (ids + turn) % count, scores.roll(other, -1)
    targets = torch.nn.functional.one_hot(ids, count).double() if form == "one-hot" else ids
    inputs = (targets, scores.argmax(-1) if form == "ids of both" else scores)
    made = subject.make(**arguments)
    if subject.kind.name == "loss":
        return [torch.as_tensor(made(*inputs)).detach()]
    made.update_state(*cast(inputs, torch.float32), sample_weight=None)
    # One number a class comes in another order; of columns and thresholds there are other numbers.
    values = [value.double().flatten() for value in leaves(made.result())]
    return [
        value.sort().values if sort else value for value in values if value.numel() in (1, count)
    ]


@check(
    "for soft targets, as label smoothing makes them, a loss that changes with them little by little",
    "Use targets as numbers: y_true * log(p), no y_true == 1, round, argmax or long; keep log(y_true) from "
    "y_true = 0. If targets have to be 0 or 1, refuse others or say so: Example(leave_out={…: 'why'}).",
)
def soft_targets(subject: Subject) -> Finding:
    """Move targets of 0 and 1 towards each other."""
    y_true, y_pred = cast(subject.inputs, torch.float64)
    is_hard = bool(((y_true == 0) | (y_true == 1)).all())
    if not is_hard or y_true.shape != y_pred.shape or not subject.inputs[0].is_floating_point():
        return None
    classes = max(y_true.shape[-1], 2)
    values = []
    for share in (0.0, 1e-5, 0.2):
        soft = (1.0 - share) * y_true + share / classes
        try:
            value, gradient = run_at(subject.make(), (soft, y_pred))
        except Exception:  # noqa: BLE001 - it refuses them
            return None
        if not is_finite(value) or not is_finite(gradient):
            return (
                f"the value {shown(value)}, the gradient {shown(gradient)} for a share of {share}"
            )
        values.append((float(value), gradient))
    (hard, slope), (near, near_slope), (soft_value, soft_slope) = values
    scale = max(abs(hard), abs(soft_value - hard), 1e-6)
    largest = float(slope.abs().max())
    if abs(near - hard) > 1e-2 * scale or float((near_slope - slope).abs().max()) > 1e-2 * largest:
        return f"{hard:.6g} for targets of 0 and 1, {near:.6g} for those softer by 0.00001"
    is_idle = soft_value == hard and torch.equal(soft_slope, slope)
    if is_idle and values_of(subject.make(), y_true, y_pred).ndim == 0:
        return None  # it tells which samples belong together
    return f"{hard:.6g} for targets of 0 and 1, and for those softer by 0.2" if is_idle else None
