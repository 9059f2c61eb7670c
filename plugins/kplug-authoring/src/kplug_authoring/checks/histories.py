"""Checks of instances beside each other, and of calls after other calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from kplug_authoring.checks.subject import Finding, Subject, check, find_difference, leaves
from kplug_authoring.examples import cast, image_inputs, usual_inputs

_OWN = "Keep what an instance is made with in the instance: no class attribute, module global or lru_cache."


@check(
    "two with different arguments at once: each behaves as it does alone",
    _OWN,
    after=("determinism", "idempotent"),
)
def instances(subject: Subject) -> Finding:
    """Make others with other arguments between the making of one and its use."""
    expected = subject.behaviour
    for name, value in list(subject.variations.items())[:6]:
        try:
            alone = subject.behave(subject.make(**{name: value}))
            first = [leaf.clone() for leaf in leaves(alone)]
        except Exception:  # noqa: BLE001, S112 - the value does not suit the inputs
            continue
        one, other = subject.make(), subject.make(**{name: value})
        difference = find_difference(expected, subject.behave(one))
        if difference:
            return f"alone, and beside one made with {name}={value!r}: {difference}"
        difference = find_difference(first, subject.behave(other))
        if difference:
            return f"one made with {name}={value!r}, before and after another is used: {difference}"
        other, _ = subject.make(**{name: value}), subject.make()
        difference = find_difference(first, subject.behave(other))
        if difference:
            return f"one made with {name}={value!r}, alone and after another is made: {difference}"
    return None


@check(
    "each call by its inputs alone, whatever shapes and values came before",
    "Keep nothing of a call: no size, mask, weight or window of the first inputs; or keep it with all "
    "that it depends on, values included.",
    after=("inputs", "determinism", "idempotent"),
)
def calls(subject: Subject) -> Finding:
    """Call one instance with inputs of several shapes and values."""
    kept = subject.make()
    for inputs in _list_inputs(subject):
        try:
            expected = torch.as_tensor(subject.make()(*cast(inputs, torch.float64))).detach()
        except Exception:  # noqa: BLE001, S112 - unsuitable inputs
            continue
        try:
            found = torch.as_tensor(kept(*cast(inputs, torch.float64))).detach()
        except Exception as error:  # noqa: BLE001 - foreign code
            shape = tuple(inputs[-1].shape)
            return f"for the shape {shape} after others: {type(error).__name__}: {error}"
        difference = find_difference(expected, found, 1e-9)
        if difference:
            shape = tuple(inputs[-1].shape)
            return f"for the shape {shape} at first, and after others: {difference}"
    return None


def _list_inputs(subject: Subject) -> Iterator[tuple[Tensor, ...]]:
    *others, last = subject.inputs
    yield subject.inputs
    yield (*others, last.flip(0))
    yield tuple(torch.cat([one, one]) for one in subject.inputs)
    kind = subject.kind.name
    if kind == "loss":
        yield from (tuple(one[:, :7] for one in inputs) for inputs in image_inputs())
        yield from image_inputs()
        yield from ((t[:, :3], p[:, :3]) for t, p in [_steps()])
        yield _steps()
    else:
        yield from usual_inputs(kind)
    yield subject.inputs


def _steps() -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(1234)
    steps = torch.rand((2, 5, 3), dtype=torch.float64, generator=chance).softmax(-1)
    return steps.flip(0), steps


@check(
    "two at once, each by its own batches, and batches of sequences of different lengths",
    f"{_OWN} Keep no length of the first batch.",
    name="calls",
    after=("state", "result_twice", "scalar"),
)
def metric_calls(subject: Subject) -> Finding:
    """Update two metrics in turns; then one with sequences of different lengths."""
    inputs = cast(subject.inputs, torch.float32)
    expected = _update(subject.make(), inputs, inputs)
    one, other = subject.make(), subject.make()
    _update(one, inputs)
    _update(other, tuple(value[:1] for value in inputs))
    found = _update(one, inputs)
    difference = find_difference(expected, found)
    if difference:
        return f"alone, and in turns with another: {difference}"
    truth, steps = cast(_steps(), torch.float32)
    for targets in (truth, truth.argmax(-1)):
        parts = [(targets[:, :length], steps[:, :length]) for length in (3, 5, 2)]
        try:
            for part in parts:
                _update(subject.make(), part)
        except Exception:  # noqa: BLE001, S112 - it refuses sequences
            continue
        try:
            _update(subject.make(), *parts)
        except Exception as error:  # noqa: BLE001 - foreign code
            return f"for lengths of 3, 5 and 2: {type(error).__name__}: {error}"
        forwards, backwards = (_update(subject.make(), *one) for one in (parts, parts[::-1]))
        difference = find_difference(forwards, backwards, 1e-5)
        if difference:
            return f"for lengths of 3, 5 and 2, and of 2, 5 and 3: {difference}"
    return None


def _update(metric: Any, *batches: tuple[Tensor, ...]) -> list[Tensor]:
    for inputs in batches:
        metric.update_state(*(value.clone() for value in inputs), sample_weight=None)
    return [value.clone() for value in leaves(metric.result())]
