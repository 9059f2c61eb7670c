"""Inputs of the recipes, made of integers of the generator, which every processor computes alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from kplug_numbers.generator import LIMIT, draw

_ROWS, _CLASSES = 5, 3
_MOST_DRAWN = 4096  # the numbers of larger arrays repeat


def spread(stream: str, *shape: int, low: float = -2.0, high: float = 2.0) -> Tensor:
    """Return values between two bounds, in float64; with the default bounds they are exact in float32 too."""
    return low + _draw(stream, shape) * ((high - low) / LIMIT)


def shares(stream: str, *shape: int) -> Tensor:
    """Return values between 0 and 1 with a sum of 1 along the last axis, in float64."""
    numbers = _draw(stream, shape)
    return numbers / numbers.sum(-1, keepdim=True)


def ids(stream: str, *shape: int, classes: int) -> Tensor:
    """Return class ids, in int64."""
    return (_draw(stream, shape) * classes / LIMIT).long()


@lru_cache(maxsize=256)
def _draw(stream: str, shape: tuple[int, ...]) -> Tensor:
    count = math.prod(shape)
    # Inputs are kept: the device that a component sets must not get into them.
    numbers = torch.tensor(draw(stream, min(count, _MOST_DRAWN)), dtype=torch.float64, device="cpu")
    return numbers.repeat(-(-count // _MOST_DRAWN) or 1)[:count].reshape(shape)


@dataclass(frozen=True)
class Family:
    """Targets and predictions of one sort; the first axis counts the samples.

    Args:
        name: Its name in readings.
        make: Makes the tensors, the floating ones in float64. One alone is for metrics of values.
    """

    name: str
    make: Callable[[], tuple[Tensor, ...]]

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors."""
        return self.make()

    def cast(self, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """Return copies with the floats in a type."""
        return tuple(
            value.to(dtype, copy=True) if value.is_floating_point() else value.clone()
            for value in self.inputs
        )

    def find_exact(self) -> Tensor | None:
        """Return the predictions that are exactly right; None where that is unclear."""
        y_true, y_pred = self.inputs
        if y_true.shape == y_pred.shape:
            return y_true.to(torch.float64, copy=True)
        if y_true.shape == y_pred.shape[:-1] and int(y_true.max()) < y_pred.shape[-1]:
            return torch.nn.functional.one_hot(y_true, y_pred.shape[-1]).double()
        return None


@lru_cache(maxsize=1)
def pairs() -> tuple[Family, ...]:
    """Return the families of targets and predictions, in the order in which they are tried."""
    classes = torch.tensor([0, 2, 1, 2, 0], device="cpu")
    one_hot = torch.nn.functional.one_hot(classes, _CLASSES).double()
    labels = torch.tensor([[1], [0], [0], [1], [1]], device="cpu").double()
    real = spread("pairs/real", _ROWS, _CLASSES)
    chances = shares("pairs/shares", _ROWS, _CLASSES)
    steps = torch.tensor([[1, 2, 0], [3, 1, 1]], device="cpu")

    def from_0_to_1(stream: str, *shape: int) -> Tensor:
        return spread(f"pairs/{stream}", *shape, low=0.0, high=1.0)

    scene, picture = (2, 12, 12, 3), (2, 4, 4, 1)
    return (
        Family("real", lambda: (spread("pairs/target", _ROWS, _CLASSES), real)),
        Family("shares", lambda: (one_hot, chances)),
        Family("single", lambda: (labels, from_0_to_1("single", _ROWS, 1))),
        Family("logits", lambda: (one_hot, real)),
        Family("ids", lambda: (classes, chances)),
        Family("id_logits", lambda: (classes, real)),
        Family(
            "mask",
            lambda: (
                (spread("pairs/mask", *picture) > 0).double(),
                from_0_to_1("picture", *picture),
            ),
        ),
        Family("sequence", lambda: (steps, spread("pairs/steps", 2, 8, 5))),
        Family("image", lambda: (from_0_to_1("scene", *scene), from_0_to_1("image", *scene))),
        Family("choices", lambda: (classes, ids("pairs/choices", _ROWS, classes=_CLASSES))),
        Family("vector", lambda: (real[:, 0].clone(), chances[:, 0].clone())),
    )


@lru_cache(maxsize=1)
def weight_matrices() -> tuple[tuple[str, Tensor], ...]:
    """Return a bias, a dense kernel and a convolution's, in float64."""
    return (
        ("bias", spread("weights/bias", 3)),
        ("kernel", spread("weights/kernel", 4, 3)),
        ("convolution", spread("weights/convolution", 3, 3, 2, 2)),
    )


def with_strides(value: Tensor) -> Tensor:
    """Return the same values in another order in memory, or with gaps if there is one axis."""
    if value.ndim < 2:
        return torch.stack([value, value], -1)[..., 0]
    return value.transpose(0, -1).contiguous().transpose(0, -1)


def in_turn(count: int, sizes: tuple[int, ...]) -> Iterator[slice]:
    """Yield the slices of batches of some sizes, as far as there are samples."""
    first = 0
    for size in sizes:
        if first < count:
            yield slice(first, min(first + size, count))
        first += size
