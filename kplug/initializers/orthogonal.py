"""The ``Orthogonal`` initializer, which draws a whole matrix at once."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from kplug.components.arguments import require_number
from kplug.components.configurable import declared_name
from kplug.errors import ArgumentValueError
from kplug.initializers.random import RandomInitializer, Seed
from kplug.registry import named


@named("orthogonal", "OrthogonalInitializer")
@final
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns, times ``gain``.

    A normal matrix of ``prod(shape[:-1])`` rows and ``shape[-1]`` columns is factored as ``Q·R``;
    the signs of R's diagonal are moved into Q, which makes it uniform over all such matrices.
    The shorter side is orthonormal: ``QᵀQ = I`` with more rows than columns, else ``QQᵀ = I``.

    Args:
        gain: Factor.
        seed: See `RandomInitializer`.

    Raises:
        ArgumentValueError: at the call, for a shape of fewer than two dimensions.

    Example:
        >>> kernel = Orthogonal()((4, 3))
        >>> torch.allclose(kernel.T @ kernel, torch.eye(3), atol=1e-5)
        True

    Reference:
        Saxe et al., 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear
        neural networks". Keras 3's ``Orthogonal``; Keras 2 took a singular value decomposition:
        the same law, other numbers.
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        self.gain = require_number(self, "gain", gain)
        super().__init__(seed)

    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with a random orthogonal matrix."""
        if values.dim() < 2:
            name = declared_name(type(self))
            raise ArgumentValueError(name, "shape", tuple(values.shape), "two or more dimensions")
        if values.numel() == 0:
            return
        matrix = values.view(-1, values.shape[-1])
        rows, columns = matrix.shape
        tall = values.new_empty(max(rows, columns), min(rows, columns))
        orthonormal, triangle = torch.linalg.qr(tall.normal_(generator=generator))
        # A zero on the diagonal must not erase its column, so no torch.sign here.
        orthonormal *= torch.where(triangle.diagonal() < 0, -self.gain, self.gain)
        matrix.copy_(orthonormal.T if rows < columns else orthonormal)
