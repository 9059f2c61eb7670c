"""Checks of sample weights other than 0 and 1, of samples and of time steps, and of masks in losses."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    leaves,
    values_of,
)
from kplug_authoring.examples import cast

_TOLERANCE = 1e-6
_STEPS = 3  # as many as samples, so that weights of one axis could be taken for the other's


def list_sequences(dtype: torch.dtype) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield targets and predictions of three steps of three samples: one-hot, class ids, one label."""
    chance = torch.Generator().manual_seed(1234)
    steps = torch.rand((3, _STEPS, 4), dtype=torch.float64, generator=chance).mul(4.0).softmax(-1)
    ids = torch.randint(0, 4, (3, _STEPS), generator=chance)
    steps = steps.to(dtype)
    yield torch.nn.functional.one_hot(ids, 4).to(dtype), steps
    yield ids, steps
    yield (ids > 1).to(dtype).unsqueeze(-1), steps[..., :1]


def _flat(value: Tensor) -> Tensor:
    return value.flatten(0, 1)


WEIGHTS = torch.tensor([[0.5, 2.0, 0.0], [3.0, 1.0, 0.25], [0.75, 0.0, 1.5]], dtype=torch.float64)
_MEANING = (
    "Leave weights to kplug.losses.Loss.__call__: one value a sample or step from call. With a __call__ of "
    "one's own, multiply each value by its weight before the mean."
)


@check(
    "with weights such as 0.5 and 3 each value times its weight, for samples (N,) and steps (N, T)",
    _MEANING,
    after=("weights", "inputs"),
)
def uneven_weights(subject: Subject) -> Finding:
    """Weigh the samples of a loss, then the steps of sequences."""
    loss = subject.make()
    inputs = cast(subject.inputs, torch.float64)
    if values_of(loss, *inputs).ndim == 0:
        return None
    weights = torch.linspace(0.25, 3.0, len(inputs[-1]), dtype=torch.float64)
    finding = _find_unequal(loss, inputs, weights)
    if finding:
        return finding
    whole = _as_whole(inputs)
    try:
        if whole and find_difference(loss(*inputs), subject.make()(*whole), _TOLERANCE):
            whole = None  # whole numbers mean something else, or are computed in another type
        difference = whole and find_difference(
            loss(*inputs, weights), subject.make()(*whole, weights), _TOLERANCE
        )
    except Exception:  # noqa: BLE001 - it refuses them
        difference = None
    if difference:
        return f"weights such as 0.25 with targets of float64, and of int64: {difference}"
    for sequences in list_sequences(torch.float64):
        try:
            count = values_of(loss, *sequences).shape
        except Exception:  # noqa: BLE001, S112 - it refuses sequences
            continue
        if count != (3, _STEPS):
            continue
        for given in (WEIGHTS, WEIGHTS[:, 0]):
            with warnings.catch_warnings():  # the targets of 0 are the check's own
                warnings.simplefilter("ignore")
                finding = _find_unequal(subject.make(), sequences, given)
            if finding:
                return f"for sequences and weights of shape {tuple(given.shape)}: {finding}"
    return None


def _as_whole(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
    """Return inputs with the same targets as whole numbers, or None."""
    target = inputs[0]
    is_whole = (
        len(inputs) > 1 and target.is_floating_point() and torch.equal(target, target.round())
    )
    return (target.long(), *inputs[1:]) if is_whole else None


def _find_unequal(loss: Any, inputs: tuple[Tensor, ...], weights: Tensor) -> Finding:
    """Compare a weighted loss with the sum of the losses that single weights make."""
    if torch.as_tensor(loss(*inputs)).dim() or loss.reduction == "mean_with_sample_weight":
        return None
    places = [tuple(place) for place in weights.nonzero().tolist()]
    total = torch.zeros((), dtype=torch.float64)
    for place in places:
        alone = torch.zeros_like(weights)
        alone[place] = 1.0
        total = total + weights[place] * loss(*inputs, alone).double()
    difference = find_difference(total, loss(*inputs, weights), _TOLERANCE)
    if difference:
        return f"the sum of weighted values and the loss with these weights: {difference}"
    ones = torch.ones_like(weights)
    difference = find_difference(loss(*inputs), loss(*inputs, ones), _TOLERANCE)
    return difference and f"without weights and with weights of 1: {difference}"


@check(
    "the same number if more is padded: masked steps count neither in the sum nor in the divisor",
    "Leave masks to kplug.losses.Loss.__call__, or divide by the number of steps that count.",
    name="mask",
    after=("one_row", "layout", "weights"),
)
def mask_of_loss(subject: Subject) -> Finding:
    """Give a loss sequences with a mask, padded with other values and further."""
    mask = torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=torch.bool)
    for targets, steps in list_sequences(torch.float64):
        loss = subject.make()
        if loss.reduction not in ("sum_over_batch_size", "mean", "sum"):
            return None
        try:
            if values_of(loss, targets, steps).shape != mask.shape:
                continue
            first = loss(targets, steps, mask=mask)
        except Exception:  # noqa: BLE001, S112 - it refuses sequences or masks
            continue
        more = [torch.cat([one, one.flip(0)], 1) for one in (targets, steps)]
        second = loss(*more, mask=torch.cat([mask, torch.zeros_like(mask)], 1))
        difference = find_difference(first, second, _TOLERANCE)
        if difference:
            return f"with three steps, and with three more that are masked: {difference}"
    return None


@check(
    "a target that is left out counts in no sum and no divisor: more of them change nothing",
    "Divide by the number of targets that count: values.sum() / kept.sum().clamp(min=1). What comes from two "
    "neighbours counts where both do.",
)
def left_out_class(subject: Subject) -> Finding:
    """Add samples of the class that an argument such as ignore_index names, and move what stands there."""
    chance = torch.Generator().manual_seed(1234)
    predictions = torch.rand((6, 4), dtype=torch.float64, generator=chance).softmax(-1)
    ids = torch.tensor([0, 1, 2, 3, 1, 0])
    for name in _list_left_out(subject):
        for value in (2, -100, 255):
            try:
                loss = subject.make(**{name: value})
                left_out = torch.full((2,), value)
                first = loss(torch.cat([ids, left_out]), torch.cat([predictions, predictions[:2]]))
            except Exception:  # noqa: BLE001, S112 - it takes other targets
                continue
            if loss.reduction not in ("sum_over_batch_size", "mean", "sum"):
                return None
            second = loss(
                torch.cat([ids, left_out, left_out]), torch.cat([predictions, predictions[2:]])
            )
            difference = find_difference(first, second, _TOLERANCE)
            if difference:
                return f"with {name}={value}, two such samples, and four: {difference}"
    return _find_missing(subject)


def _list_left_out(subject: Subject) -> list[str]:
    """Return the arguments that name a class that is left out."""
    return [
        name
        for name in subject.parameters
        if name.startswith(("ignore_", "pad_", "padding_")) and name.endswith(_OF_CLASSES)
    ]


@check(
    "a class that is left out counts in no sum and no divisor: without its samples the result is the same",
    "Count with weights * (ids != ignored), in the divisor too.",
    name="left_out_class",
    after=("weights", "batches", "inputs"),
)
def left_out_class_of_metric(subject: Subject) -> Finding:
    """Leave the samples of a class out of the inputs."""
    chance = torch.Generator().manual_seed(1234)
    scores = torch.rand((8, 4), generator=chance).mul(3.0).softmax(-1)
    ids = torch.tensor([0, 1, 2, 3, 1, 0, 2, 3])
    one_hot = torch.nn.functional.one_hot(ids, 4).float()
    kept = ids != 2
    for name in _list_left_out(subject):
        for targets, predictions in ((one_hot, scores), (ids, scores), (ids, scores.argmax(-1))):
            how = {"num_classes": 4} if "num_classes" in subject.parameters else {}
            try:
                metrics = [subject.make(**{**how, name: 2}) for _ in range(2)]
                metrics[0].update_state(targets, predictions, sample_weight=None)
                metrics[1].update_state(targets[kept], predictions[kept], sample_weight=None)
                difference = find_difference(metrics[0].result(), metrics[1].result(), 1e-4)
            except Exception:  # noqa: BLE001, S112 - it takes other targets
                continue
            if difference:
                return f"with {name}=2, with samples of the class 2 and without: {difference}"
    return None


def _find_missing(subject: Subject) -> Finding:
    """Move predictions where targets are the number that stands for a missing one."""
    chance = torch.Generator().manual_seed(1234)
    targets, predictions, shares = (
        torch.rand((3, 5, 4), dtype=torch.float64, generator=chance) for _ in range(3)
    )
    left_out = shares < 0.4
    moved = torch.where(left_out, predictions + 0.3, predictions)
    for name, value in subject.resolve().arguments.items():
        if not name.startswith(_MISSING) or not isinstance(value, float):
            continue
        some = torch.where(left_out, value, targets)
        try:
            loss = subject.make()
            first, second = loss(some, predictions), loss(some, moved)
            whole = loss(targets, predictions), loss(targets, moved)
        except Exception:  # noqa: BLE001, S112 - it takes other targets
            continue
        difference = find_difference(first, second, _TOLERANCE)
        if difference and find_difference(whole[0], whole[1], _TOLERANCE):
            return f"with {name}={value:g}, other predictions where targets are {value:g}: {difference}"
        twice = [torch.cat([one, one], -1) for one in (targets, predictions)]
        if difference or find_difference(whole[0], loss(*twice), _TOLERANCE):
            continue  # the last axis has a meaning, or the value none
        nothing = torch.full_like(targets, value)
        more = [torch.cat(pair, -1) for pair in ((some, nothing), (predictions, predictions))]
        difference = find_difference(first, loss(*more), _TOLERANCE)
        if difference:
            return (
                f"with {name}={value:g}, and with as many more targets of {value:g}: {difference}"
            )
    return None


_MISSING = (
    *("ignore", "missing", "mask_value", "masked_value", "nodata", "no_data", "fill_value"),
    *("pad_value", "padding_value"),
)
_OF_CLASSES = ("index", "idx", "class", "id", "label", "value")


@check(
    "a weight of 2 that counts as the sample twice and two of 0.5 as one, for samples (N,) and steps (N, T)",
    "Multiply what a sample adds by its weight, to the count as well, and do not round or compare weights.",
    name="uneven_weights",
    after=("weights", "batches", "merging", "scalar", "inputs", "layout"),
)
def uneven_weights_of_metric(subject: Subject) -> Finding:
    """Weigh the samples of a metric, then the steps of sequences."""
    inputs = cast(subject.inputs, torch.float32)
    times = torch.tensor([1 + at % 3 for at in range(len(inputs[0]))])
    several = tuple(value.repeat_interleave(times, 0) for value in inputs)
    repeated = _result(subject, several)
    difference = find_difference(repeated, _result(subject, inputs, times.float()), 1e-4)
    if difference:
        return f"samples that are there 1 to 3 times, and weights of 1 to 3: {difference}"
    metric = subject.make()
    for place in (slice(0, 2), slice(2, None)):
        part = tuple(value[place].clone() for value in inputs)
        metric.update_state(*part, sample_weight=times[place].float())
    difference = find_difference(repeated, metric.result(), 1e-4)
    if difference:
        return f"weights of 1 to 3 in one batch, and in two: {difference}"
    twice = tuple(value.repeat_interleave(2, 0) for value in several)
    halves = torch.full((len(twice[0]),), 0.5)
    difference = find_difference(repeated, _result(subject, twice, halves), 1e-4)
    if difference:
        return f"samples once, and twice with weights of 0.5: {difference}"
    whole = _as_whole(twice)
    try:
        found = repeated if whole is None else _result(subject, whole, halves)
        difference = find_difference(repeated, found, 1e-4)
    except Exception:  # noqa: BLE001 - it refuses them
        difference = None
    if difference:
        return f"samples once, and twice with weights of 0.5 and targets of int64: {difference}"
    return _find_in_sequences(subject)


def _find_in_sequences(subject: Subject) -> Finding:
    for sequences in list_sequences(torch.float32):
        flat = tuple(map(_flat, sequences))
        try:
            if find_difference(_result(subject, sequences), _result(subject, flat), 1e-4):
                continue  # it counts sequences, not steps
        except Exception:  # noqa: BLE001, S112 - it refuses sequences
            continue
        try:
            found = _result(subject, sequences, WEIGHTS.float())
        except Exception:  # noqa: BLE001, S112 - it refuses them
            continue
        expected = _result(subject, flat, WEIGHTS.float().reshape(-1))
        difference = find_difference(expected, found, 1e-4)
        if difference:
            return f"single steps, and sequences with weights (N, T): {difference}"
    return None


def _result(
    subject: Subject, inputs: tuple[Tensor, ...], weights: Tensor | None = None
) -> list[Tensor]:
    metric = subject.make()
    metric.update_state(*(value.clone() for value in inputs), sample_weight=weights)
    return [value.clone() for value in leaves(metric.result())]
