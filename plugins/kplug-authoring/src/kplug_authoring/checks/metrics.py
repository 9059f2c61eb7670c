"""Checks of metrics: their state over batches."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kplug.errors import KplugError
from kplug.metrics import Metric
from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.halves import half_metric
from kplug_authoring.checks.histories import instances, metric_calls
from kplug_authoring.checks.layouts import layout
from kplug_authoring.checks.many_inputs import classes, many
from kplug_authoring.checks.memory import memory
from kplug_authoring.checks.sample_weights import (
    left_out_class_of_metric,
    list_sequences,
    uneven_weights_of_metric,
)
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    Suite,
    check,
    find_difference,
    leaves,
    shown,
)
from kplug_authoring.checks.target_types import target_types
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
    "Make it with add_state, so that it is reset, moved to the device, merged and stored; or override all of "
    "reset_state, merge_state, snapshot and restore.",
)
def _state(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    metric = _update(subject.make(), inputs)
    own = ("reset_state", "merge_state", "snapshot", "restore")
    if all(getattr(type(metric), name) is not getattr(Metric, name) for name in own):
        return None  # its state is elsewhere, and all that concerns state is its own
    before = _attributes_of(metric)
    _update(metric, inputs)
    known = {id(variable) for variable in metric.variables}
    for name, value in _attributes_of(metric).items():
        is_state = id(vars(metric)[name]) in known
        if not is_state and find_difference(before.get(name), value) is not None:
            return f"{name!r} changes, and add_state did not make it"
    return None


@check(
    "three metrics of unequal parts, merged with an empty one, equal to one that saw all, and left alone; "
    "the order of samples and of batches changes nothing",
    "Keep state that adds up: sums and counts, no means. merge_state goes once through all that it is given, "
    "changes none of them, and takes one that saw nothing. Count equal predictions together, whichever comes "
    "first, and keep no length of the first batch.",
    after=("merging", "batches", "state", "result_twice"),
)
def _merging_several(subject: Subject) -> Finding:
    inputs = tuple(torch.cat([one, one.flip(0)[:2]]) for one in _float32_inputs(subject))
    own = _float32_inputs(subject)  # of which each is there once, in turn in each part
    several = [tuple(one.roll(turn, 0) for one in own) for turn in range(len(own[0]))]
    turns = [inputs, *(several if len(own[0]) > 3 else [])]
    labels = _make_labels()  # whose errors differ from 0 in the mean, as those of shares do not
    if len({one.shape for one in own}) == 1 < len(own) and _takes(subject, labels):
        turns.append(labels)
    findings = (_merge_parts(subject, turn) for turn in turns)
    return next(filter(None, findings), None) or _find_order(subject, own)


def _find_order(subject: Subject, inputs: tuple[Tensor, ...]) -> Finding:
    """Turn samples with equal predictions round, and batches of sequences of two lengths."""

    def update(*batches: tuple[Tensor, ...]) -> Any:
        metric = subject.make()
        for batch in batches:
            _update(metric, batch)
        return metric.result()

    def turn(batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(one.flip(0) for one in batch)

    for given in (inputs, _make_labels()):
        *targets, last = given
        tied = (*(torch.cat([one, one.roll(1, 0)]) for one in targets), torch.cat([last, last]))
        if targets:  # of equal predictions those of small targets first
            first_of = tied[0].reshape(len(tied[0]), -1)[:, 0]
            tied = tuple(one[first_of.argsort(stable=True)] for one in tied)
        try:
            if find_difference(update(given), update(turn(given)), _TOLERANCE):
                continue  # the order is what it measures
            difference = find_difference(update(tied), update(turn(tied)), _TOLERANCE)
        except Exception:  # noqa: BLE001, S112 - it refuses them
            continue
        if difference:
            return f"samples with equal predictions, and in another order: {difference}"
    for long in list_sequences(torch.float32):
        longer = tuple(torch.cat([one, one[:, :1].expand_as(one)], 1) for one in long)
        short = tuple(one[1:, 2:5] for one in longer)
        try:
            difference = find_difference(update(longer, short), update(short, longer), _TOLERANCE)
        except Exception:  # noqa: BLE001, S112 - it refuses them
            continue
        if difference and not find_difference(update(longer), update(turn(longer)), _TOLERANCE):
            return f"batches of 6 and of 3 steps, and in another order: {difference}"
    return None


def _takes(subject: Subject, inputs: tuple[Tensor, ...]) -> bool:
    try:
        _update(subject.make(), inputs).result()
    except Exception:  # noqa: BLE001 - it refuses them
        return False
    return True


def _make_labels() -> tuple[Tensor, ...]:
    """Return labels (N, 1) with predictions that are not equal."""
    scores = torch.tensor([0.1, 0.7, 0.4, 0.35, 0.8, 0.2, 0.9]).unsqueeze(-1)
    return torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]).unsqueeze(-1), scores


def _merge_parts(subject: Subject, inputs: tuple[Tensor, ...]) -> Finding:
    whole = _update(subject.make(), inputs).result()
    ends = ((0, 1), (1, 3), (3, None))
    parts = [_update(subject.make(), inputs, first, end) for first, end in ends]
    before = [[value.clone() for value in leaves(one.result())] for one in parts]
    merged = parts[0]
    merged.merge_state(iter([parts[1], subject.make(), parts[2]]))
    difference = find_difference(whole, merged.result(), _TOLERANCE)
    if difference:
        return f"all at once, and in parts of 1, 2 and the rest: {difference}"
    difference = find_difference(before[1:], [one.result() for one in parts[1:]])
    if difference:
        return f"one that was merged into another, before and after: {difference}"
    empty = subject.make()
    empty.merge_state([merged])
    difference = find_difference(whole, empty.result(), _TOLERANCE)
    return difference and f"all at once, and merged into an empty one: {difference}"


@check(
    "a result that stays what it was when further batches come and when the metric is reset",
    "Return a new tensor, such as self.total.clone(), never the state itself, and change that in place.",
    after=("result_twice", "scalar"),
)
def _kept_result(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    metric = _update(subject.make(), inputs, 0, 1)
    result = metric.result()
    before = [value.clone() for value in leaves(result)]
    _update(metric, inputs)
    difference = find_difference(before, result)
    if difference:
        return f"after another batch {difference}"
    metric.reset_state()
    difference = find_difference(before, result)
    return difference and f"after reset_state {difference}"


@check(
    "after other data and reset_state the results of a new metric, peaks and bests included",
    "Make all state with add_state, which reset_state knows, or reset it there: no best value, sample count, "
    "or list of one's own is kept.",
    after=("reset",),
)
def _reset_after_others(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    expected = [value.clone() for value in leaves(_update(subject.make(), inputs).result())]
    *targets, last = inputs
    others = [(*(one.flip(0) for one in targets), last)]
    if targets and targets[0].shape == last.shape:
        others += [
            (*targets, targets[0].to(last.dtype)),
            (*targets, 1.0 - targets[0].to(last.dtype)),
            (3.0 * targets[0] - 1.0, *targets[1:], 3.0 * last - 1.0),
        ]
    for one in others:
        metric = subject.make()
        try:
            _update(metric, one)
            metric.result()
        except Exception:  # noqa: BLE001, S112 - it refuses them
            continue
        metric.reset_state()
        difference = find_difference(expected, _update(metric, inputs).result(), _TOLERANCE)
        if difference:
            return f"of a new metric, and after other data and a reset: {difference}"
    return None


@check(
    "the same result, in the same type, for predictions in float64 and targets of any type that holds them",
    "Return self._as_result(value), or .to(torch.float32); compute with y_true.to(y_pred.dtype), and "
    "y_true.long() where ids are indices: uint8 has no -1, and bool no difference.",
    name="dtype",
)
def _types(subject: Subject) -> Finding:
    inputs = _float32_inputs(subject)
    expected = _update(subject.make(), inputs).result()
    kinds = [value.dtype for value in leaves(expected)]
    *targets, last = inputs
    double = _update(subject.make(), cast(subject.inputs, torch.float64)).result()
    found = [value.dtype for value in leaves(double)]
    if found != kinds:
        return f"{kinds} for predictions in float32, {found} for float64"
    if not any(kind.is_floating_point for kind in kinds):
        twice = tuple(torch.cat([one, one]) for one in inputs)
        more = _update(subject.make(), twice).result()
        if not find_difference(expected, more) and any(bool(one.any()) for one in leaves(more)):
            return f"{shown(leaves(more)[0])}, a mean that is a whole number"
    if "dtype" in subject.parameters and subject.is_taken(dtype="float64"):
        typed = subject.make(dtype="float64")
        if typed.dtype != "float64":
            return None  # the argument is a function's
        result = _update(typed, inputs).result()
        given = {value.dtype for value in leaves(result) if value.is_floating_point()}
        if given - {torch.float64}:
            return f"{given} with dtype='float64'"
    if not targets or bool((targets[0] != targets[0].round()).any()):
        return None
    is_label = bool(((targets[0] == 0) | (targets[0] == 1)).all())
    for dtype in (torch.int64, *([torch.bool] if is_label else [])):
        try:
            result = _update(subject.make(), (targets[0].to(dtype), *targets[1:], last)).result()
        except Exception:  # noqa: BLE001, S112 - it refuses them
            continue
        difference = find_difference(expected, result, _TOLERANCE)
        if difference:
            return f"for targets of {targets[0].dtype} and {dtype}: {difference}"
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
        *(_result_twice, _reads, _state, memory, metric_calls, instances, half_metric),
        *(many, classes, uneven_weights_of_metric, _merging_several, _kept_result),
        *(_reset_after_others, _types, target_types, left_out_class_of_metric),
    ),
    operator.attrgetter("inputs"),
)
