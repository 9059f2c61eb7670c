"""``Concatenate`` and ``Dot``: layers that combine tensors along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend.linear import batch_dot, l2_normalize
from kplug.components.arguments import refusal, require_flag, require_integer
from kplug.graph import MaskStep, Shape
from kplug.layers.merging import Merging, spread_mask


class Concatenate(Merging):
    """Concatenates the inputs along an axis.

    Args:
        axis: Any axis except that of the batch; all other sizes must be equal.

    Example:
        >>> Concatenate()([torch.zeros(1, 2), torch.ones(1, 1)])
        tensor([[0., 0., 1.]])

    Reference:
        ``keras.layers.Concatenate``.
    """

    _makes_masks = False

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        allowed = "an integer other than 0, which is the batch"
        self.axis = require_integer("Concatenate", "axis", axis, allowed)
        if self.axis == 0:
            raise refusal("Concatenate", "axis", axis, allowed)

    def merge(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the joined tensors."""
        return torch.cat(list(tensors), dim=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Tensor | None:
        """Return the joined masks; an input without one counts everywhere.

        Joined along the channels, a time step counts if it does in one of the inputs.
        """
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        pairs = zip(inputs, previous_mask, strict=True)
        whole = [_spread(mask, tensor) for tensor, mask in pairs]
        return torch.cat(whole, dim=self.axis).any(-1)

    def trace_masks(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask operations of Keras's graph: broadcasts, a concatenation, and ``any``."""
        if not isinstance(previous_mask, (list, tuple)) or all(
            mask is None for mask in previous_mask
        ):
            return None
        whole = [
            MaskStep(one) if mask is None else MaskStep(MaskStep(mask), MaskStep(one))
            for one, mask in zip(inputs, previous_mask, strict=True)
        ]
        return MaskStep(MaskStep(whole))

    def find_problem(self, shapes: Sequence[Shape]) -> str | None:
        """Describe the sizes that differ."""
        ndim = len(shapes[0])
        if any(len(shape) != ndim for shape in shapes):
            return "the numbers of axes differ"
        if not -ndim < self.axis < ndim:
            return f"there is no axis {self.axis} to join along"
        for axis in range(1, ndim):
            sizes = {shape[axis] for shape in shapes} - {None}
            if axis != self.axis % ndim and len(sizes) > 1:
                return f"the sizes of axis {axis} differ, and axis {self.axis} is joined"
        return None


def _spread(mask: Tensor | None, tensor: Tensor) -> Tensor:
    """Return a mask in the shape of its tensor; true everywhere if there is none."""
    if mask is None:
        return torch.ones_like(tensor, dtype=torch.bool)
    return spread_mask(mask, tensor)


class Dot(Merging):
    """Outputs the dot products of two inputs, sample by sample, along one axis of each.

    Args:
        axes: The axis of both inputs, or a pair (first, second); not that of the batch.
        normalize: Whether the inputs are scaled to unit length first, so that the outputs are cosines.

    Example:
        >>> Dot(axes=1)([torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])])
        tensor([[11.]])

    Reference:
        ``keras.layers.Dot``: outputs have the rest of the first input's axes, then the rest of the
        second's; what would be (N,) is (N, 1).
    """

    _least = _most = 2
    _makes_masks = False

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = tuple(axes) if isinstance(axes, (list, tuple)) else (axes, axes)
        is_valid = all(isinstance(axis, int) and not isinstance(axis, bool) for axis in pair)
        if len(pair) != 2 or not is_valid or 0 in pair:
            raise refusal("Dot", "axes", axes, "an integer other than 0, or two of them")
        self.axes = pair if isinstance(axes, (list, tuple)) else axes
        self._pair = pair
        self.normalize = require_flag("Dot", "normalize", normalize)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Return ``None``: the axis may be that of the time steps."""

    trace_masks = compute_mask  # it adds no operation

    def merge(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the products."""
        left, right = tensors
        if self.normalize:
            left, right = (
                l2_normalize(one, axis) for one, axis in zip(tensors, self._pair, strict=True)
            )
        return batch_dot(left, right, self._pair)

    def find_problem(self, shapes: Sequence[Shape]) -> str | None:
        """Describe the axis that is missing or differs in size."""
        for shape, axis in zip(shapes, self._pair, strict=True):
            if not -len(shape) < axis < len(shape):
                return f"there is no axis {axis} in {shape}"
        sizes = {shape[axis] for shape, axis in zip(shapes, self._pair, strict=True)} - {None}
        return f"the sizes of axes {self._pair} differ" if len(sizes) > 1 else None


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Return tensors joined along an axis: ``Concatenate(axis, **kwargs)(inputs)``."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(
    inputs: Sequence[Any], axes: int | Sequence[int] = -1, normalize: bool = False, **kwargs: Any
) -> Any:
    """Return scalar products of two tensors: ``Dot(axes, normalize, **kwargs)(inputs)``."""
    return Dot(axes, normalize, **kwargs)(inputs)
