"""Checks of losses: the reduction of per-sample values."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor

from kplug_authoring.checks.awkward_points import large_logits, precise
from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.halves import half_loss
from kplug_authoring.checks.layouts import layout
from kplug_authoring.checks.many_inputs import classes, many, soft_targets
from kplug_authoring.checks.points import exact, extremes, repeated
from kplug_authoring.checks.sample_weights import (
    left_out_class,
    mask_of_loss,
    uneven_weights,
)
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    Suite,
    check,
    find_difference,
    is_finite,
    shown,
    values_of,
)
from kplug_authoring.checks.target_types import target_types
from kplug_authoring.checks.tensor_functions import OF_LOSSES, call
from kplug_authoring.examples import cast

_TOLERANCE = 1e-9


def _values(subject: Subject, loss: Any) -> Tensor | None:
    """Return one value a sample or time step, or None for a loss of the batch as a whole."""
    y_true, y_pred = cast(subject.inputs, torch.float64)
    values = values_of(loss, y_true, y_pred)
    return values if values.dim() and len(values) == len(y_pred) else None


@check(
    "for one sample a finite number: that sample's value, the same as in a batch",
    "Reduce the axes behind the first only; call(y_true, y_pred) returns one value a sample.",
)
def _one_row(subject: Subject) -> Finding:
    loss = subject.make()
    y_true, y_pred = cast(subject.inputs, torch.float64)
    alone = loss(y_true[:1], y_pred[:1])
    if alone.dim() or not is_finite(alone):
        return f"{shown(alone)} for one sample"
    values = _values(subject, loss)
    if values is None or getattr(loss, "mixes_samples", False):
        return None
    expected = values_of(loss, y_true[:1], y_pred[:1])
    difference = find_difference(expected, values[:1], _TOLERANCE)
    if difference:
        return f"the first sample alone and in the batch: {difference}"
    total = expected.sum() if loss.reduction == "sum" else expected.mean()
    difference = find_difference(alone, total, _TOLERANCE)
    return difference and f"the loss of one sample and its value: {difference}"


@check(
    "the mean (or sum) of the samples' values",
    "Leave the reduction to kplug.losses.Loss.__call__; a batch_mean of one's own must equal it.",
)
def _reduction(subject: Subject) -> Finding:
    loss = subject.make()
    values = _values(subject, loss)
    if values is None:
        return None
    total = values.sum() if loss.reduction == "sum" else values.mean()
    found = loss(*cast(subject.inputs, torch.float64))
    difference = find_difference(found, total, _TOLERANCE)
    return difference and f"the loss and its values reduced ({loss.reduction}): {difference}"


@check(
    "with sample weights of 1 the same number as without, with weights of 0 zero",
    "Return one value a sample from call, and leave the weights to kplug.losses.Loss.__call__.",
)
def _weights(subject: Subject) -> Finding:
    loss = subject.make()
    if _values(subject, loss) is None:
        return None
    y_true, y_pred = cast(subject.inputs, torch.float64)
    ones = torch.ones(len(y_pred), dtype=torch.float64)
    difference = find_difference(loss(y_true, y_pred), loss(y_true, y_pred, ones), _TOLERANCE)
    if difference:
        return f"without weights and with weights of 1: {difference}"
    nothing = loss(y_true, y_pred, 0 * ones)
    return None if nothing == 0 else f"{shown(nothing)} with weights of 0"


@check(
    "one number, of shape (), for a batch of no samples, if samples have values of their own",
    "Avoid max, min and argmax over the batch; divide by max(n, 1).",
)
def _empty_batch(subject: Subject) -> Finding:
    loss = subject.make()
    if _values(subject, loss) is None:
        return None
    y_true, y_pred = cast(subject.inputs, torch.float64)
    value = loss(y_true[:0], y_pred[:0])
    return None if value.dim() == 0 else f"shape {tuple(value.shape)}"


LOSS = Suite(
    call,
    (
        *(*COMMON, *OF_LOSSES, layout, _one_row, _reduction, _weights, _empty_batch),
        *(exact, extremes, repeated, precise, large_logits, half_loss, many, classes, soft_targets),
        *(uneven_weights, mask_of_loss, left_out_class, target_types),
    ),
    operator.attrgetter("inputs"),
)
