"""What an author tells the suite about a component, and what the suite tries where nothing is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Example:
    """How a component is to be tested.

    Args:
        arguments: What it is made with; needed where the signature has no defaults.
        inputs: What it is called with, one array for each argument, floats in float64:
            ``(y_true, y_pred)`` for losses and metrics (their first axis counts the samples), ``(x,)`` for
            activations, ``(weight_matrix,)`` for regularizers and constraints. None tries usual ones.
        shape: Shape that an initializer is called with. None tries usual ones.
        variance: What the values of an initializer vary by, for that shape, which should then have
            10 000 values or more. None if it says nothing about it.
        leave_out: Checks that cannot hold for this component, each with the reason.

    Example:
        >>> Example({"smooth": 1e-5}, leave_out={"gradcheck": "a straight-through gradient"}).arguments
        {'smooth': 1e-05}
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[Any] | None = None
    shape: tuple[int, ...] | None = None
    variance: float | None = None
    leave_out: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return json.dumps(self.arguments, default=repr)


USUAL_SHAPES = ((6, 5), (3, 4, 6), (3, 3, 4, 6))


def usual_inputs(kind: str) -> list[tuple[Tensor, ...]]:
    """Return what is tried on a component of a kind, in order, until it gives finite values.

    No value is 0, 1 or another round number, where many functions have a corner.
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

    The channels are labels that overlap, one-hot classes, class ids. Labels come first: as many pixels of
    each row belong to a class, so some formulas cannot tell a row from a column in one-hot classes.
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
    """Return copies of which the last asks for its gradient, and that one."""
    *others, last = cast(inputs, torch.float64)
    last.requires_grad_()
    return (*others, last), last
