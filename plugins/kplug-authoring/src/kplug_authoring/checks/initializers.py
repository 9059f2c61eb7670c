"""Checks of initializers: their values, and the generator that they draw from."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kplug.inspection import load
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    is_finite,
    seeded,
    shown,
)
from kplug_authoring.checks.switches import find_reseeded


def draw(subject: Subject, made: Any) -> Tensor:
    """Return the values of an initializer."""
    return draw_shape(made, subject.shape)


def draw_shape(made: Any, shape: tuple[int, ...]) -> Tensor:
    """Return values of a shape in float32."""
    values: Tensor = made(shape, dtype=torch.float32)
    return values


@check(
    "finite values of the shape and data type that were asked for, without gradient",
    "Pass shape and dtype on to torch.empty; detach what was computed. Draw in float32: torch.rand is 0 "
    "once in 256 values of bfloat16.",
)
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
    return _find_in_many(initializer)


def _find_in_many(initializer: Any) -> Finding:
    """Draw 40,000 values of half types, in which torch.rand may return 0."""
    for dtype in (torch.bfloat16, torch.float16):
        try:
            with seeded(99):
                wide, values = (
                    initializer((200, 200), dtype=one) for one in (torch.float32, dtype)
                )
        except Exception:  # noqa: BLE001, S112 - it refuses the shape, or torch has no such operation
            continue
        count = int((~values.isfinite()).sum())
        if count and is_finite(wide):
            return f"{count} of 40,000 values of {dtype} are not finite"
    return None


@check(
    "the same values at each call with one seed, others with another, torch's own generator untouched",
    "Make a torch.Generator from the seed at each call. hash() of a text is another number in each process: "
    "zlib.crc32(text.encode()) is none.",
)
def _repeats(subject: Subject) -> Finding:
    finding = _find_hashed(subject)
    if finding or "seed" not in subject.parameters:
        return finding
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


def _find_hashed(subject: Subject) -> Finding:
    """Give texts another hash, as a process has that is started later."""
    module: Any = sys.modules.get(load(subject.component).__module__)
    if module is None or "hash" in vars(module):
        return None
    first = subject.behave(subject.make())
    if find_difference(first, subject.behave(subject.make())):
        return None  # it is never the same
    module.hash = lambda value: hash(value) ^ 0x5BD1E9 if _has_text(value) else hash(value)
    try:
        second = subject.behave(subject.make())
    finally:
        del module.hash
    return (
        "other values where hash() of a text is another" if find_difference(first, second) else None
    )


def _has_text(value: object) -> bool:
    if isinstance(value, (tuple, frozenset)):
        return any(map(_has_text, value))
    return isinstance(value, (str, bytes))


@check(
    "other values at each call without a seed",
    "Draw from torch's global generator: no seed of your own in __init__.",
)
def _fresh(subject: Subject) -> Finding:
    if "seed" not in subject.parameters or subject.resolve().arguments.get("seed") is not None:
        return None
    initializer = subject.make()
    first, second = (initializer(subject.shape, dtype=torch.float32) for _ in range(2))
    return None if find_difference(first, second) else "the same values twice"


@check(
    "the declared variance",
    "Fans come from Keras's order of a shape: (in, out), (space…, in, out).",
)
def _variance(subject: Subject) -> Finding:
    expected = subject.example.variance
    if expected is None:
        return None
    values = subject.make()(subject.shape, dtype=torch.float64)
    found = float(values.var())
    # The relative standard error of a normal sample's variance is √(2/n); five times that is rare.
    allowed = 5.0 * math.sqrt(2.0 / max(values.numel() - 1, 1)) * expected
    return None if abs(found - expected) <= allowed else f"{found:.5g}, declared {expected:.5g}"


@check("an empty weight for a shape with a 0", "Return torch.empty.")
def _empty(subject: Subject) -> Finding:
    shape = (0, *subject.shape[1:])
    found = tuple(subject.make()(shape, dtype=torch.float32).shape)
    return None if found == shape else f"{found} for {shape}"


@check(
    "values in memory of their own, each in a place of its own",
    "Make a new tensor at each call: layers train what they get. Of an expanded or kept one, return a "
    "clone().",
)
def _own_memory(subject: Subject) -> Finding:
    initializer = subject.make()
    values = subject.behave(initializer)
    kept = values.detach().clone()
    try:
        with torch.no_grad():
            values.add_(1.0)
    except RuntimeError as error:
        return f"it cannot be changed in place: {error}"
    difference = find_difference(kept, subject.behave(initializer))
    return difference and f"after the first was changed in place, the second differs: {difference}"


@check(
    "random generators of the program that go on from where they were, whether it is made or called",
    "No torch.manual_seed, random.seed or np.random.seed: make a torch.Generator from the seed at each call.",
    after=("repeats",),
)
def _global_seed(subject: Subject) -> Finding:
    for arguments in ({}, {"seed": 7}) if "seed" in subject.parameters else ({},):
        found = find_reseeded(
            lambda: subject.make_plainly(**arguments)(subject.shape, dtype=torch.float32)  # noqa: B023
        )
        if found:
            return f"{found} is in one state, whichever it was in before"
    return None


_DENSE = ((120, 200), (200, 120), (150, 300), (150, 150))
_KERNELS = ((3, 3, 40, 60), (5, 60, 40))


@check(
    "a kernel of a convolution with the variance that a dense kernel of the same fans has",
    "A fan counts the window: fan_in = prod(shape[:-2]) * shape[-2], fan_out = prod(shape[:-2]) * shape[-1].",
    after=("shapes", "variance"),
)
def _convolution(subject: Subject) -> Finding:
    initializer = subject.make()
    try:
        with seeded(99):
            dense = [_spread(initializer, shape) for shape in _DENSE]
            kernels = [_spread(initializer, shape) for shape in _KERNELS]
    except Exception:  # noqa: BLE001 - it refuses them
        return None
    for name, share in _FANS.items():
        scale = dense[0] * share(*_DENSE[0])
        if not scale > 0 or any(
            abs(found * share(*shape) / scale - 1.0) > 0.08
            for found, shape in zip(dense, _DENSE, strict=True)
        ):
            continue
        for found, shape in zip(kernels, _KERNELS, strict=True):
            window = math.prod(shape[:-2])
            expected = scale / share(window * shape[-2], window * shape[-1])
            if abs(found / expected - 1.0) > 0.15:
                return f"variance by {name}: {found:.3g} for {shape}, expected {expected:.3g}"
        return None
    return None


_FANS: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda fan_in, _: fan_in,
    "fan_out": lambda _, fan_out: fan_out,
    "the mean of both fans": lambda fan_in, fan_out: (fan_in + fan_out) / 2.0,
}


def _spread(initializer: Any, shape: tuple[int, ...]) -> float:
    return float(initializer(shape, dtype=torch.float64).var())


INITIALIZER_CHECKS = (
    *(_shape_and_dtype, _repeats, _fresh, _variance, _empty, _own_memory),
    *(_global_seed, _convolution),
)
