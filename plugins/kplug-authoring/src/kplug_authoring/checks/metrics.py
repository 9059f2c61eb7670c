"""Checks of metrics: their state over batches."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kplug.errors import KplugError
from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.layouts import layout
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    Suite,
    check,
    find_difference,
    leaves,
    shown,
)
from kplug_authoring.examples import cast

_TOLERANCE = 1e-6  # states are float32


def result_of(subject: Subject, metric: Any) -> Tensor:
    """Return the result of a new metric after the subject's inputs, in two batches."""
    inputs = _float32_inputs(subject)
    _update(metric, inputs, 0, _half(inputs))
    _update(metric, inputs, _half(inputs), None)
    result: Tensor = metric.result()
    return result


def _float32_inputs(subject: Subject) -> tuple[Tensor, ...]:
    return cast(subject.inputs, torch.float32)


def _half(inputs: tuple[Tensor, ...]) -> int:
    return max(1, len(inputs[0]) // 2)


def _update(metric: Any, inputs: tuple[Tensor, ...], first: int = 0, end: int | None = None) -> Any:
    """Update a metric with a copy of some samples, and return it."""
    # A keyword, so that a metric of single values does not take y_pred for the weights.
    metric.update_state(*(value[first:end].clone() for value in inputs), sample_weight=None)
    return metric


@check(
    "a finite number, one for each class or threshold, or a dict of such",
    "Return total / count, safely. Of a class that no sample has, NaN may be said.",
)
def _scalar(subject: Subject) -> Finding:
    values = leaves(result_of(subject, subject.make()))
    for value in values:
        is_number = value.isfinite().all() if value.dim() == 0 else value.isfinite().any()
        if value.dim() > 1 or value.isinf().any() or not is_number:
            return shown(value)
    return None if values else "nothing"


@check(
    "the same result for a batch and for its parts one after another",
    "Keep sums and counts, not means.",
)
def _batches(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    whole = _update(subject.make(), inputs).result()
    for first in range(1, len(inputs[0])):
        metric = _update(subject.make(), inputs, 0, first)
        difference = find_difference(
            whole, _update(metric, inputs, first, None).result(), _TOLERANCE
        )
        if difference:
            return f"{len(inputs[0])} samples, and {first} before the others: {difference}"
    return None


@check(
    "after reset_state the results of a new metric",
    "Make all state with add_state, which reset_state knows.",
)
def _reset(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    fresh, metric = subject.make(), _update(subject.make(), inputs, 0, _half(inputs))
    metric.reset_state()
    first, second = leaves(fresh.result()), leaves(metric.result())
    # Before the first batch a metric may not know yet how many numbers it has.
    shapes = [[value.shape for value in values] for values in (first, second)]
    if shapes[0] == shapes[1] and find_difference(first, second):
        return find_difference(first, second)
    return find_difference(
        _update(fresh, inputs).result(), _update(metric, inputs).result(), _TOLERANCE
    )


@check(
    "sample weights of 1 that change nothing, and a sample of weight 0 that does not count",
    "Multiply what a sample adds by its weight, to the count as well.",
)
def _weights(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    count = len(inputs[0])
    plain = _update(subject.make(), inputs).result()
    difference = find_difference(plain, _weigh(subject, torch.ones(count)), _TOLERANCE)
    if difference:
        return f"without weights and with weights of 1: {difference}"
    for left_out in range(count):
        others = [at for at in range(count) if at != left_out]
        weights = torch.ones(count)
        weights[left_out] = 0.0
        without = _update(subject.make(), tuple(value[others] for value in inputs)).result()
        difference = find_difference(without, _weigh(subject, weights), _TOLERANCE)
        if difference:
            return f"without sample {left_out} and with weight 0 for it: {difference}"
    return None


def _weigh(subject: Subject, weights: Tensor) -> Any:
    metric = subject.make()
    metric.update_state(*_float32_inputs(subject), sample_weight=weights)
    return metric.result()


@check(
    "two metrics that saw one half each, merged, equal to one that saw all",
    "Keep state that adds up, or write merge_state.",
)
def _merging(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    half = _half(inputs)
    whole = _update(_update(subject.make(), inputs, 0, half), inputs, half, None)
    first = _update(subject.make(), inputs, 0, half)
    first.merge_state([_update(subject.make(), inputs, half, None)])
    return find_difference(whole.result(), first.result(), _TOLERANCE)


@check("no change for a batch of no samples", "Divide only in result().")
def _empty_batch(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    metric = _update(subject.make(), inputs)
    _update(metric, inputs, 0, 0)
    return find_difference(_update(subject.make(), inputs).result(), metric.result())


@check("inputs that are as before after the update", "Clone before changing.")
def _inputs(subject: Subject) -> Finding:
    inputs = cast(subject.inputs, torch.float64)
    metric = subject.make()
    metric.update_state(*inputs)
    metric.update_state(*inputs)
    return find_difference(subject.inputs, inputs)


@check(
    "the same result when it is asked for twice",
    "Compute in result() what is returned, and change no state there.",
)
def _result_twice(subject: Subject) -> Finding:
    metric = _update(subject.make(), _float32_inputs(subject))
    first = [value.clone() for value in leaves(metric.result())]
    return find_difference(first, metric.result())


@check(
    "an update that reads no tensor's value",
    "Keep tensors: no .item(), float(tensor), .tolist() or `if tensor` in update_state; use torch.where.",
)
def _reads(subject: Subject) -> Finding:
    metric = _update(subject.make(), _float32_inputs(subject))  # the first batch may be inspected
    with _NoReading():  # type: ignore[no-untyped-call]
        _update(metric, _float32_inputs(subject))
    return None


class _NoReading(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses operations that synchronise with a device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            raise KplugError(
                "update_state reads a tensor's value, so each step waits for the device",
                hint=_reads.advice,
            )
        return func(*args, **(kwargs or {}))


@check(
    "nothing but state that changes with a batch",
    "Make it with add_state, so that it is reset, moved to the device, merged and stored.",
)
def _state(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    metric = _update(subject.make(), inputs)
    before = _attributes_of(metric)
    _update(metric, inputs)
    known = {id(variable) for variable in metric.variables}
    for name, value in _attributes_of(metric).items():
        is_state = id(vars(metric)[name]) in known
        if not is_state and find_difference(before.get(name), value) is not None:
            return f"{name!r} changes, and add_state did not make it"
    return None


def _attributes_of(metric: Any) -> dict[str, Any]:
    """Return copies of the tensors, numbers and lists that are attributes."""
    return {
        name: [leaf.clone() for leaf in leaves(value)]
        for name, value in vars(metric).items()
        if isinstance(value, (Tensor, int, float, list, tuple, dict))
    }


METRIC = Suite(
    result_of,
    (
        *(*COMMON, _scalar, _batches, _reset, _weights, _merging, _empty_batch, _inputs, layout),
        *(_result_twice, _reads, _state),
    ),
    operator.attrgetter("inputs"),
)
