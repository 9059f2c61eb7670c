"""Initializers, constraints, schedules and layers with one subtle defect each."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

import kplug
from kplug.initializers import Initializer
from kplug.layers import Layer
from kplug.schedules import LearningRateSchedule
from tests.plugins.subtle_defects.table import Subtle


class Scaled(Initializer):
    """Normal values of variance 1 / fan_in; right as it stands."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return (
            self.gain * torch.randn(tuple(shape), dtype=dtype) / math.sqrt(max(self.fan(shape), 1))
        )

    def fan(self, shape: Any) -> int:
        return math.prod(shape[:-1])


class Channels(Scaled):
    def fan(self, shape: Any) -> int:
        return shape[-2] if len(shape) > 1 else 1


class Seeding(Scaled):
    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        torch.manual_seed(7)
        return super().__call__(shape, dtype)


def capped(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.clamp(-0.5, 0.5)


def creeping(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.clamp(-0.5, 0.5) * (1.0 - 2e-6)


@kplug.function
def squared(step: int) -> float:
    return 0.1 * (1.0 - min(step, 10_000) / 10_000) ** 2


@kplug.function
def rising(step: int) -> float:
    return 0.1 * (1.0 - step / 10_000) ** 2


@kplug.function
def warming(step: int) -> float:
    return 0.01 * min(step / 200_000, 1.0)


@kplug.function
def endless(step: int) -> float:
    return 1e-6 * step


class CosineEnd(LearningRateSchedule):
    """Half a cosine, and then the last rate; right as it stands."""

    def __init__(self, rate: float = 0.1, steps: int = 20_000) -> None:
        self.rate, self.steps = rate, steps

    def __call__(self, step: int) -> float:
        return 0.5 * self.rate * (1.0 + math.cos(math.pi * self.limit(step) / self.steps))

    def limit(self, step: int) -> int:
        return min(step, self.steps)


class CosineAgain(CosineEnd):
    def limit(self, step: int) -> int:
        return step


class Following(Layer):
    """Takes off a running mean, which nothing trains; right as it stands."""

    mean: Tensor

    def build(self, input_shape: Any) -> None:
        self.mean = self.add_weight("mean", input_shape[-1:], initializer="zeros", trainable=False)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            self.follow(inputs.flatten(0, -2).mean(0))
        return inputs - self.mean

    def follow(self, mean: Tensor) -> None:
        with torch.no_grad():
            self.mean.lerp_(mean, 0.5)


class InAnAttribute(Following):
    offset = 0.0

    def follow(self, mean: Tensor) -> None:
        self.offset = 0.5 * self.offset + 0.5 * float(mean.mean()) + 0.25

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return super().call(inputs, training=training) - self.offset


SUBTLE = [
    Subtle("initializer", "global_seed", Seeding, Scaled, "^torch's generator is in one state"),
    Subtle("initializer", "convolution", Channels, Scaled, "^variance by fan_in"),
    Subtle("constraint", "drift", creeping, capped, "at each call"),
    Subtle("schedule", "late", rising, squared, "at step 1000000|at step 100000"),
    Subtle("schedule", "late", endless, warming, "^30 at step 30000000, and 1 before"),
    Subtle("schedule", "goes_on", CosineAgain, CosineEnd, r"^0 after 20000 steps \(steps\), then"),
    Subtle("layer", "file", InAnAttribute, Following, "and"),
]
