"""Checks of metrics: their state over batches."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.testing.checks.common import COMMON
from kplug.testing.checks.layouts import layout
from kplug.testing.checks.subject import (
    Finding,
    Subject,
    Suite,
    check,
    find_difference,
    leaves,
    shown,
)
from kplug.testing.examples import cast

_TOLERANCE = 1e-6  # states are float32


def result_of(subject: Subject, metric: Any) -> Tensor:
    """Return the result after the subject's inputs, in two batches."""
    metric.reset_state()
    inputs = _float32_inputs(subject)
    half = _half(inputs)
    # By its name, so that a metric of bare values does not take y_pred for the weights.
    metric.update_state(*(value[:half] for value in inputs), sample_weight=None)
    metric.update_state(*(value[half:] for value in inputs), sample_weight=None)
    result: Tensor = metric.result()
    return result


def _float32_inputs(subject: Subject) -> tuple[Tensor, ...]:
    return cast(subject.inputs, torch.float32)


def _half(inputs: tuple[Tensor, ...]) -> int:
    return max(1, len(inputs[0]) // 2)


@check("finite numbers of shape ()", "Return total / count, safely.")
def _scalar(subject: Subject) -> Finding:
    values = leaves(result_of(subject, subject.make()))
    for value in values:
        if value.dim() or not value.isfinite():
            return shown(value)
    return None if values else "nothing"


@check(
    "the same result for a batch and for its parts one after another",
    "Keep sums and counts, not means.",
)
def _batches(subject: Subject) -> Finding:
    metric = subject.make()
    parts = result_of(subject, metric)
    metric.reset_state()
    metric.update_state(*_float32_inputs(subject))
    return find_difference(metric.result(), parts, _TOLERANCE)


@check(
    "after reset_state the result of a new metric",
    "Make all state with add_state, which reset_state knows.",
)
def _reset(subject: Subject) -> Finding:
    fresh = subject.make().result()
    metric = subject.make()
    metric.update_state(*_float32_inputs(subject))
    metric.reset_state()
    return find_difference(fresh, metric.result())


@check(
    "sample weights of 1 that change nothing, and a sample of weight 0 that does not count",
    "Multiply what a sample adds by its weight, to the count as well.",
)
def _weights(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    weights = torch.ones(len(inputs[0]))
    plain, weighted = subject.make(), subject.make()
    plain.update_state(*inputs)
    weighted.update_state(*inputs, sample_weight=weights)
    difference = find_difference(plain.result(), weighted.result(), _TOLERANCE)
    if difference:
        return f"without weights and with weights of 1: {difference}"
    weights[0] = 0.0
    without, ignoring = subject.make(), subject.make()
    without.update_state(*(value[1:] for value in inputs))
    ignoring.update_state(*inputs, sample_weight=weights)
    difference = find_difference(without.result(), ignoring.result(), _TOLERANCE)
    return difference and f"without a sample and with weight 0 for it: {difference}"


@check(
    "two metrics that saw one half each, merged, equal to one that saw all",
    "Keep state that adds up, or write merge_state.",
)
def _merging(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    half = _half(inputs)
    whole, first, second = subject.make(), subject.make(), subject.make()
    whole.update_state(*inputs)
    first.update_state(*(value[:half] for value in inputs))
    second.update_state(*(value[half:] for value in inputs))
    first.merge_state([second])
    return find_difference(whole.result(), first.result(), _TOLERANCE)


@check("no change for a batch of no samples", "Divide only in result().")
def _empty_batch(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    metric = subject.make()
    metric.update_state(*inputs)
    before = [value.clone() for value in leaves(metric.result())]
    metric.update_state(*(value[:0] for value in inputs))
    return find_difference(before, metric.result())


@check("inputs that are as before after the update", "Clone before changing.")
def _inputs(subject: Subject) -> Finding:
    inputs = cast(subject.inputs, torch.float64)
    metric = subject.make()
    metric.update_state(*inputs)
    metric.update_state(*inputs)
    return find_difference(subject.inputs, inputs)


METRIC = Suite(
    result_of,
    (*COMMON, _scalar, _batches, _reset, _weights, _merging, _empty_batch, _inputs, layout),
)
