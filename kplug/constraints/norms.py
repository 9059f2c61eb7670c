"""Constraints on the sign and the norm of weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, final

from torch import Tensor

from kplug.backend import epsilon
from kplug.backend.convert import TensorLike, to_operand_of
from kplug.components.arguments import refusal, require_integer, require_number
from kplug.constraints.base import Constraint

Axes: TypeAlias = "int | Iterable[int]"

_NOT_NEGATIVE = "a finite number >= 0"
_AXES = "an axis or a list of axes of the weight"


@final
class NonNeg(Constraint):
    """Negative values become 0: ``max(w, 0)``.

    Example:
        >>> import torch
        >>> NonNeg()(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])

    Reference:
        Keras's ``NonNeg``.
    """

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the weight without its negative values."""
        weight = to_operand_of(self, weight_matrix)
        return weight.clamp(min=0)


@final
class MaxNorm(Constraint):
    """Vectors longer than ``max_value`` are shortened to it.

    ``w · min(‖w‖, max_value) / (ε + ‖w‖)``, with the length taken along ``axis``.

    Args:
        max_value: Largest length, >= 0.
        axis: Axis or axes of one vector: 0 for the units of a dense kernel ``(in, out)``,
            ``[0, 1, 2]`` for the filters of a convolution ``(height, width, in, out)``.

    Raises:
        ArgumentValueError: for a negative ``max_value`` or an ``axis`` that is no integer; at
            the call, for an axis that the weight does not have.

    Example:
        >>> import torch
        >>> MaxNorm(max_value=1.0)(torch.tensor([[3.0], [4.0]]))
        tensor([[0.6000],
                [0.8000]])

    Reference:
        Srivastava et al., 2014, "Dropout". Keras's ``MaxNorm``.
    """

    def __init__(self, max_value: float = 2.0, axis: Axes = 0) -> None:
        self.max_value = require_number(self, "max_value", max_value, _NOT_NEGATIVE, at_least=0.0)
        self.axis = _read_axes(self, axis)

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the weight with shortened vectors."""
        weight = to_operand_of(self, weight_matrix)
        norms = _measure(self, weight, self.axis)
        return weight * (norms.clamp(0.0, self.max_value) / (epsilon() + norms))


@final
class UnitNorm(Constraint):
    """Every vector gets length 1: ``w / (ε + ‖w‖)``.

    Args:
        axis: Axis or axes of one vector, as in `MaxNorm`.

    Raises:
        ArgumentValueError: for an ``axis`` that is no integer; at the call, for an axis that the
            weight does not have.

    Example:
        >>> import torch
        >>> UnitNorm()(torch.tensor([[3.0], [4.0]]))
        tensor([[0.6000],
                [0.8000]])

    Reference:
        Keras's ``UnitNorm``.
    """

    def __init__(self, axis: Axes = 0) -> None:
        self.axis = _read_axes(self, axis)

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the weight with vectors of length 1."""
        weight = to_operand_of(self, weight_matrix)
        return weight / (epsilon() + _measure(self, weight, self.axis))


@final
class MinMaxNorm(Constraint):
    """Vectors are moved towards a length between ``min_value`` and ``max_value``.

    The new length is ``rate · clip(‖w‖, min_value, max_value) + (1 − rate) · ‖w‖``.

    Args:
        min_value: Smallest length, >= 0.
        max_value: Largest length, >= ``min_value``.
        rate: The fraction of the distance to move at each update, in [0, 1].
        axis: Axis or axes of one vector, as in `MaxNorm`.

    Raises:
        ArgumentValueError: for values outside these ranges; at the call, for an axis that the
            weight does not have.

    Example:
        >>> import torch
        >>> MinMaxNorm(max_value=1.0, rate=0.5)(torch.tensor([[3.0], [4.0]]))
        tensor([[1.8000],
                [2.4000]])

    Reference:
        Keras's ``MinMaxNorm``.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axes = 0,
    ) -> None:
        self.min_value = require_number(self, "min_value", min_value, _NOT_NEGATIVE, at_least=0.0)
        allowed = f"a finite number >= min_value ({self.min_value:g})"
        self.max_value = require_number(
            self, "max_value", max_value, allowed, at_least=self.min_value
        )
        self.rate = require_number(self, "rate", rate, "0 to 1", at_least=0.0, at_most=1.0)
        self.axis = _read_axes(self, axis)

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the weight with vectors nearer to the allowed lengths."""
        weight = to_operand_of(self, weight_matrix)
        norms = _measure(self, weight, self.axis)
        allowed = norms.clamp(self.min_value, self.max_value)
        desired = self.rate * allowed + (1.0 - self.rate) * norms
        return weight * (desired / (epsilon() + norms))


def _read_axes(owner: Constraint, axis: object) -> int | list[int]:
    if isinstance(axis, Iterable) and not isinstance(axis, str):
        return [require_integer(owner, "axis", one, _AXES) for one in axis]
    return require_integer(owner, "axis", axis, _AXES)


def _measure(owner: Constraint, weight_matrix: Tensor, axis: int | list[int]) -> Tensor:
    """Return the lengths of the vectors along the axes, with the axes kept at size 1."""
    axes, rank = [axis] if isinstance(axis, int) else axis, weight_matrix.dim()
    if not axes or any(not -rank <= one < rank for one in axes):
        allowed = f"axes of the weight, whose shape is {tuple(weight_matrix.shape)}"
        raise refusal(owner, "axis", axis, allowed)
    # In float16 the squares of weights of 1e-4 are 0.
    wide = weight_matrix.float() if weight_matrix.dtype.itemsize < 4 else weight_matrix
    return wide.square().sum(dim=axes, keepdim=True).sqrt().to(weight_matrix.dtype)
