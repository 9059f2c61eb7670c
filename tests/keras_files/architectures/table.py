"""The table of the architectures that both libraries build, and its row type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch

Arrays = list[Any]


@dataclass(frozen=True)
class Library:
    """The names that an architecture is written with, of Keras or of kplug.

    Args:
        layers: The module of the layers; their names are attributes of this object, too.
        model: The class of functional models.
        sequential: The class of models that are a row of layers.
        rate: What dropout and noise get; 0 where both libraries train, since they draw differently.
    """

    layers: ModuleType
    model: Any
    sequential: Any
    rate: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layers, name)


@dataclass(frozen=True)
class Architecture:
    """A model that both libraries build.

    Args:
        build: Makes it of a library.
        inputs: The shape of each input without the batch; integers below ``rows`` if that is set.
        rows: For each input, the number of integers, or 0 for floats.
        readers: The libraries that can read what Keras 3.15 writes for a whole model in HDF5.
    """

    build: Callable[[Any], Any]
    inputs: tuple[tuple[int, ...], ...]
    rows: tuple[int, ...]
    readers: tuple[str, ...] = ("keras", "kplug")

    def __str__(self) -> str:
        return self.build.__name__

    def draw_inputs(self, batch: int, seed: int = 0) -> Arrays:
        """Return arrays for the inputs; about a fifth of the integers is 0."""
        generator = torch.Generator().manual_seed(seed)
        drawn: Arrays = []
        for shape, rows in zip(self.inputs, self.rows, strict=True):
            if rows:
                numbers = torch.randint(-rows // 4, rows, (batch, *shape), generator=generator)
                drawn.append(numbers.clamp(min=0).to(torch.int32).numpy())
            else:
                drawn.append(torch.randn(batch, *shape, generator=generator).numpy())
        return drawn


ARCHITECTURES: list[Architecture] = []


def architecture(
    *inputs: tuple[int, ...],
    rows: tuple[int, ...] | int = 0,
    readers: tuple[str, ...] = ("keras", "kplug"),
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Put a function that builds a model into the table.

    Args:
        inputs: The shape of each input without the batch.
        rows: The number of integers of each input, or of all; 0 for floats.
        readers: The libraries that can read what Keras 3.15 writes for a whole model in HDF5.
    """

    def add(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
        numbers = rows if isinstance(rows, tuple) else (rows,) * len(inputs)
        ARCHITECTURES.append(Architecture(build, inputs, numbers, readers))
        return build

    return add
