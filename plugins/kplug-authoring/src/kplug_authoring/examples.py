"""Default inputs for components whose authors declare none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

USUAL_SHAPES = ((6, 5), (3, 4, 6), (3, 3, 4, 6))


def usual_inputs(kind: str) -> list[tuple[Tensor, ...]]:
    """Return the default inputs of a kind, to be tried in order until the values are finite.

    They avoid 0, 1 and other round numbers, where many functions are not differentiable.
    """
    chance = torch.Generator().manual_seed(1234)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64, generator=chance)

    if kind == "activation":
        return [(2.0 * normal(5, 6),), (2.0 * normal(2, 4, 4, 3),)]
    if kind in ("regularizer", "constraint"):
        return [(normal(4, 3),), (normal(4, 4, 3, 2),), (normal(3),)]
    return [*_pairs(normal), (normal(5),)] if kind == "metric" else _pairs(normal)


def _pairs(normal: Any) -> list[tuple[Tensor, ...]]:
    classes = torch.tensor([0, 2, 1, 2, 0])
    one_hot = torch.nn.functional.one_hot(classes, 3).double()
    probabilities = normal(5, 3).softmax(-1)
    mask = (normal(2, 4, 4, 1) > 0).double()
    return [
        (one_hot, probabilities),
        (classes, probabilities),
        (one_hot[:, :1], probabilities[:, :1]),
        (mask, normal(2, 4, 4, 1).sigmoid()),
        (torch.tensor([[1, 2, 0], [3, 1, 1]]), normal(2, 8, 5)),  # label sequences, logits
    ]


def image_inputs() -> list[tuple[Tensor, Tensor]]:
    """Return true and predicted images of three channels, larger than most windows.

    The channels are overlapping labels, one-hot classes, class ids. Labels come first, since for one-hot
    classes some formulas cannot tell rows from columns, as each row has as many pixels of a class.
    """
    chance = torch.Generator().manual_seed(1234)
    predicted = torch.randn((2, 12, 12, 3), dtype=torch.float64, generator=chance).softmax(-1)
    classes = torch.randint(0, 3, (2, 12, 12), generator=chance)
    labels = torch.rand((2, 12, 12, 3), dtype=torch.float64, generator=chance) > 0.7
    one_hot = torch.nn.functional.one_hot(classes, 3)
    return [(labels.double(), predicted), (one_hot.double(), predicted), (classes, predicted)]


def cast(inputs: Sequence[Tensor], dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Return copies with the floats in another type; class ids stay integers."""
    return tuple(
        value.detach().to(dtype, copy=True) if value.is_floating_point() else value.clone()
        for value in inputs
    )


def with_gradient(inputs: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], Tensor]:
    """Return copies of which the last requires its gradient, and that one."""
    *others, last = cast(inputs, torch.float64)
    last.requires_grad_()
    return (*others, last), last
