"""Checks of initializers, schedules, callbacks and layers."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from kplug.callbacks import Callback
from kplug.layers import Layer
from kplug.testing.checks import Check, Finding, Subject, find_difference, is_finite, shown

_STEPS = (0, 1, 2, 7, 10, 100, 1_000, 12_345, 1_000_000)


# --- Initializers ---------------------------------------------------------------------------------------


def draw(subject: Subject, made: Any) -> Tensor:
    """Return what an initializer makes after torch's generator was set to the same place."""
    shape = subject.shape
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        values: Tensor = made(shape, dtype=torch.float32)
    return values


def _shape_and_dtype(subject: Subject) -> Finding:
    shape, initializer = subject.shape, subject.make()
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        values = initializer(shape, dtype=dtype)
        if tuple(values.shape) != shape or values.dtype is not dtype:
            return f"{tuple(values.shape)} of {values.dtype} for {shape} of {dtype}"
        if not is_finite(values):
            return shown(values)
        if values.requires_grad:
            return "values with a gradient"
    return None


def _repeats(subject: Subject) -> Finding:
    if "seed" not in subject.parameters:
        return None
    initializer = subject.make(seed=7)
    before = torch.get_rng_state()
    first, second = (initializer(subject.shape, dtype=torch.float32) for _ in range(2))
    difference = find_difference(first, second) or find_difference(
        first, subject.make(seed=7)(subject.shape, dtype=torch.float32)
    )
    if difference:
        return f"two draws with seed 7: {difference}"
    if find_difference(first, subject.make(seed=8)(subject.shape, dtype=torch.float32)):
        return None if torch.equal(before, torch.get_rng_state()) else "torch's generator moved on"
    return "the same values with seed 8"


def _fresh(subject: Subject) -> Finding:
    if "seed" not in subject.parameters:
        return None
    initializer = subject.make()
    first, second = (initializer(subject.shape, dtype=torch.float32) for _ in range(2))
    return None if find_difference(first, second) else "the same values twice"


def _variance(subject: Subject) -> Finding:
    expected = subject.example.variance
    if expected is None:
        return None
    values = subject.make()(subject.shape, dtype=torch.float64)
    found = float(values.var())
    # A normal sample's variance strays by √(2/n) of itself; five times that is once in a million.
    allowed = 5.0 * math.sqrt(2.0 / max(values.numel() - 1, 1)) * expected
    return None if abs(found - expected) <= allowed else f"{found:.5g}, declared {expected:.5g}"


def _empty(subject: Subject) -> Finding:
    shape = (0, *subject.shape[1:])
    found = tuple(subject.make()(shape, dtype=torch.float32).shape)
    return None if found == shape else f"{found} for {shape}"


SHAPE_AND_DTYPE = Check(
    "shape_and_dtype",
    "finite values of the shape and data type that were asked for, without gradient",
    "Pass shape and dtype on to torch.empty; detach what was computed.",
    _shape_and_dtype,
)
REPEATS = Check(
    "repeats",
    "the same values at each call with one seed, others with another, torch's own generator untouched",
    "Make a torch.Generator from the seed at each call.",
    _repeats,
)
FRESH = Check(
    "fresh",
    "other values at each call without a seed",
    "Draw from torch's global generator: no seed of your own in __init__.",
    _fresh,
)
VARIANCE = Check(
    "variance",
    "the declared variance",
    "Fans come from Keras's order of a shape: (in, out), (space…, in, out).",
    _variance,
)
EMPTY = Check("empty", "an empty weight for a shape with a 0", "Return torch.empty.", _empty)


# --- Schedules ------------------------------------------------------------------------------------------


def rates_of(subject: Subject, made: Any) -> list[float]:  # noqa: ARG001 - as for other kinds
    """Return the learning rates of some steps."""
    return [float(made(step)) for step in _STEPS]


def _finite(subject: Subject) -> Finding:
    for step, rate in zip(_STEPS, rates_of(subject, subject.make()), strict=True):
        if not (math.isfinite(rate) and rate >= 0.0):
            return f"{rate} at step {step}"
    return None


def _stateless(subject: Subject) -> Finding:
    schedule = subject.make()
    forwards = rates_of(subject, schedule)
    backwards = [float(schedule(step)) for step in reversed(_STEPS)]
    return find_difference(forwards, backwards[::-1])


FINITE = Check("finite", "a finite learning rate >= 0 at every step", "Clamp it.", _finite)
STATELESS = Check(
    "stateless",
    "a rate that depends on the step only, whatever was asked before",
    "Compute it from the step; a run that is continued asks for later steps first.",
    _stateless,
)


# --- Callbacks and layers -------------------------------------------------------------------------------


def _callback(subject: Subject) -> Finding:
    callback = subject.make()
    hooks = [name for name in dir(Callback) if name.startswith(("on_", "set_"))]
    missing = [name for name in hooks if not callable(getattr(callback, name, None))]
    return f"no {', '.join(missing)}" if missing else None


def _layer(subject: Subject) -> Finding:
    layer = subject.make()
    return None if isinstance(layer, Layer) else f"a {type(layer).__name__}"


def nothing(subject: Subject, made: Any) -> None:
    """Compare nothing but configurations: what these do shows in a training run only."""


CALLBACK = Check(
    "constructible",
    "an object with every hook of kplug.callbacks.Callback",
    "Derive from kplug.callbacks.Callback.",
    _callback,
)
LAYER = Check(
    "constructible",
    "a kplug.layers.Layer",
    "Derive from kplug.layers.Layer or torch.nn.Module.",
    _layer,
)
