"""Masks of multi-head attention: broadcasts given masks to the scores, and builds causal ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from kplug.backend.attention import causal_mask, join_masks, window_mask
from kplug.errors import DataError


class AttentionShapes(NamedTuple):
    """The shapes and attention axes of queries and values.

    Args:
        owner: Name of the layer, for messages.
        axes: The axes to attend along.
        query: Shape of the query.
        value: Shape of the value.
    """

    owner: str
    axes: tuple[int, ...]
    query: Sequence[int]
    value: Sequence[int]

    def make_limits(self, is_causal: bool, width: int | None, device: torch.device) -> list[Tensor]:
        """Return the causal and window masks, which depend on positions alone, shape (1, T, S).

        Raises:
            DataError: The layer attends along several axes.
        """
        if not is_causal and width is None:
            return []
        if len(self.axes) > 1:
            raise DataError(
                f"layer {self.owner!r} attends along axes {self.axes}; use_causal_mask and "
                "sliding_window need a single one"
            )
        sizes = self.query[self.axes[0]], self.value[self.axes[0]]
        limits = [causal_mask(*sizes, device)] if is_causal else []
        return limits if width is None else [*limits, window_mask(*sizes, width, device)]

    def spread(self, mask: Tensor) -> Tensor:
        """Return a mask broadcastable to the scores: batch, heads, T and S axes, some of size 1.

        Raises:
            DataError: The mask does not fit the scores.
        """
        attended = [shape[axis] for shape in (self.query, self.value) for axis in self.axes]
        ndim = len(self.query) + len(self.axes)
        given = tuple(mask.shape)
        sizes = zip(given[-len(attended) :], attended, strict=False)
        fits = len(attended) <= mask.ndim <= ndim and all(a in (1, b) for a, b in sizes)
        if not fits or (mask.ndim > len(attended) and given[0] not in (1, self.query[0])):
            raise DataError(
                f"layer {self.owner!r}: a mask of shape {given} does not fit queries of shape "
                f"{tuple(self.query)} and values of shape {tuple(self.value)}"
            )
        while mask.ndim < ndim:
            mask = mask.unsqueeze(-len(attended) - 1)
        return mask


def place_key_masks(value_mask: Tensor | None, key_mask: Tensor | None) -> Tensor | None:
    """Return which keys count for both masks, shape (N, 1, S)."""
    joined = join_masks(value_mask, key_mask)
    return None if joined is None else joined.unsqueeze(-2)


class HasShape(Protocol):
    """A tensor or a ``TensorSpec``."""

    @property
    def shape(self) -> Sequence[int | None]:
        """The sizes of its axes."""


def check_places(owner: str, query: HasShape, value: HasShape, key: HasShape | None = None) -> None:
    """Check that the shapes of query, value and key are compatible.

    Args:
        owner: Name of the layer, for messages.
        query: Shape (N, T, features).
        value: Shape (N, S, features).
        key: Shape (N, S, features); ``None`` is the value.

    Raises:
        DataError: They are not compatible.
    """
    shapes = [tuple(one.shape) for one in (query, value, value if key is None else key)]
    if shapes[1][1:-1] != shapes[2][1:-1]:
        raise DataError(
            f"layer {owner!r}: value of shape {shapes[1]} and key of shape {shapes[2]} must have the "
            "same sizes but for the last axis"
        )
    batches = [shape[0] for shape in shapes if shape and shape[0] is not None]
    if len({len(shape) for shape in shapes}) > 1 or any(one != batches[0] for one in batches):
        raise DataError(
            f"layer {owner!r}: query of shape {shapes[0]}, value of shape {shapes[1]} and key of shape "
            f"{shapes[2]} do not fit together"
        )
