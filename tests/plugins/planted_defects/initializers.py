"""Initializers with one small defect each."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from kplug_authoring import Example
from torch import Tensor

from kplug.initializers import Initializer
from tests.plugins.planted_defects.table import Defect


class Normal(Initializer):
    """Draws from a normal distribution; right as it stands."""

    def __init__(self, scale: float = 0.5, seed: int | None = None) -> None:
        self.scale, self.seed = scale, seed

    def _find_generator(self) -> torch.Generator | None:
        return None if self.seed is None else torch.Generator().manual_seed(self.seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        drawn = torch.randn(tuple(shape), generator=self._find_generator())
        return (self.scale * drawn).to(dtype)


class SinglePrecision(Normal):
    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return super().__call__(shape, torch.float32)


class Trainable(Normal):
    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return super().__call__(shape, dtype).requires_grad_()


class OneGenerator(Normal):
    def __init__(self, scale: float = 0.5, seed: int | None = None) -> None:
        super().__init__(scale, seed)
        self._state = None if seed is None else torch.Generator().manual_seed(seed).get_state()

    def _find_generator(self) -> torch.Generator | None:
        if self._state is None:
            return None
        generator = torch.Generator()
        generator.set_state(self._state)
        torch.randn(7, generator=generator)
        self._state = generator.get_state()
        return generator


class GlobalSeed(Normal):
    def _find_generator(self) -> torch.Generator | None:
        if self.seed is not None:
            torch.manual_seed(self.seed)
        return None


class AlwaysSeeded(Normal):
    def _find_generator(self) -> torch.Generator | None:
        return torch.Generator().manual_seed(self.seed or 0)


class Forgetful(Normal):
    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class Cached(Initializer):
    """Gives each layer of one shape the same memory."""

    def __init__(self, value: float = 0.5) -> None:
        self.value = value
        self._made: dict[Any, Tensor] = {}

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        key = (tuple(shape), dtype)
        return self._made.setdefault(key, torch.full(tuple(shape), self.value, dtype=dtype))


def expanded(shape: Any, dtype: Any = None, value: float = 0.5) -> Tensor:
    return torch.tensor(value, dtype=dtype).expand(tuple(shape))


def last_axes(shape: Any, dtype: Any = None) -> Tensor:
    """Read the fans from where a matrix has them, whatever the rank."""
    return torch.randn(tuple(shape)).to(dtype) * (2.0 / (shape[0] + shape[1])) ** 0.5


def of_matrices(shape: Any, dtype: Any = None) -> Tensor:
    rows, columns = shape
    return torch.randn((rows, columns)).to(dtype) / max(rows, columns, 1)


class NumPys(Normal):
    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        chance = np.random.default_rng(self.seed)
        return torch.from_numpy(self.scale * chance.normal(size=tuple(shape))).to(dtype)


class Unheeded(Normal):
    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return torch.randn(tuple(shape), generator=self._find_generator()).mul(0.5).to(dtype)


KERNEL = Example(shape=(3, 3, 40, 60), variance=2.0 / 900)

DEFECTS = [
    Defect("ignores the data type", SinglePrecision, "shape_and_dtype", "float64 models fail"),
    Defect("asks for a gradient", Trainable, "shape_and_dtype", "weights are no leaves"),
    Defect("keeps one generator", OneGenerator, "repeats", "the second layer has other weights"),
    Defect("seeds torch itself", GlobalSeed, "repeats", "every later draw is the same"),
    Defect("is seeded by default", AlwaysSeeded, "fresh", "all layers of a shape are equal"),
    Defect("forgets the scale", Forgetful, "config", "a loaded layer is made with 0.5"),
    Defect("hands out one tensor", Cached, "own_memory", "layers share their weights"),
    Defect("repeats one number in memory", expanded, "own_memory", "the first step fails"),
    Defect(
        "takes fans from leading axes",
        last_axes,
        "variance",
        "kernels are far too large",
        KERNEL,
        ("shapes",),
    ),
    Defect(
        "draws from NumPy",
        NumPys,
        "determinism",
        "torch.manual_seed repeats nothing",
        also=("config", "pickle", "own_memory"),
    ),
    Defect("takes matrices only", of_matrices, "shapes", "a convolution cannot be built"),
    Defect("reads no scale", Unheeded, "effect", "the argument changes nothing"),
]
