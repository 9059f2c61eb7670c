"""Base class of the initializers that call ``torch.nn.init`` on Keras's shapes.

``torch.nn.init`` fills a tensor of torch's shape ``(out, in, space…)`` in place and computes its fans from
that shape. Weights of Keras's shape ``(in, out)`` or ``(space…, in, out)`` are allocated and filled in
torch's order and viewed in Keras's. So they have the same fans as the weight of the equivalent
``torch.nn`` layer, and under ``torch.manual_seed`` the same values. Shapes of 0 or 1 dimensions are
unchanged.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.backend import DTypeLike
from kplug.components.arguments import refusal
from kplug.initializers.base import Initializer, ShapeLike
from kplug.initializers.random import RandomInitializer, Seed, draw, read_seed


@RandomInitializer.register
class TorchInitializer(Initializer):
    """Base class of initializers that call ``function``, from ``torch.nn.init``.

    A subclass stores the arguments of the function as attributes of the same names.

    Args:
        seed: See `RandomInitializer`.
    """

    ranks: ClassVar[range] = range(2, 65)  # numbers of dimensions that torch's function accepts
    function: ClassVar[Callable[..., Tensor]]
    _arguments: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, function: Callable[..., Tensor], **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.function = staticmethod(function)
        cls._arguments = tuple(inspect.signature(function).parameters)[1:]

    def __init__(self, seed: Seed = None) -> None:
        self.seed = read_seed(self, seed)

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return values drawn for the shape."""
        return draw(self, shape, dtype, _allocate)

    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with torch's function; if torch refuses the shape, raise an error with the allowed ones."""
        rank = values.dim()
        ours = values if rank < 2 else values.permute(rank - 1, rank - 2, *range(rank - 2))
        if rank not in self.ranks:
            allowed = f"{self.ranks[0]} to {self.ranks[-1]} dimensions, as torch.nn.init wants"
            raise refusal(self, "shape", tuple(values.shape), allowed)
        if values.numel():
            self.fill_torch(ours, generator)

    def fill_torch(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Overwrite ``values``, of shape (out, in, space…), with torch's function."""
        own = {name: getattr(self, name) for name in self._arguments if name != "generator"}
        if "generator" in self._arguments:
            own["generator"] = generator
        self.function(values, **own)


def _allocate(sizes: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Allocate memory in torch's order, viewed in Keras's shape."""
    rank = len(sizes)
    if rank < 2:
        return torch.empty(sizes, dtype=dtype)
    memory = torch.empty((sizes[-1], sizes[-2], *sizes[:-2]), dtype=dtype)
    return memory.permute(*range(2, rank), 1, 0)
