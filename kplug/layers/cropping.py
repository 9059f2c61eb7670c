"""Layers that cut the edges of their inputs off."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.constructor_arguments import refuse_keywords
from kplug.layers.base.spatial import SpatialLayer, require_pairs


class Cropping(SpatialLayer):
    """What the cropping layers have in common; their arguments are described there."""

    def __init__(self, cropping: object = 0, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._pairs = require_pairs(type(self).__name__, "cropping", cropping, self.rank)
        self.cropping = self._pairs[0] if self.rank == 1 else self._pairs
        self._first_axis = 1 if self._channels_last else 2

    def call(self, inputs: Tensor) -> Tensor:
        """Return a view of what is left, in the layout of the inputs."""
        for axis, (before, after) in enumerate(self._pairs, start=self._first_axis):
            size = self._size_left(tuple(inputs.shape), axis, before + after)
            inputs = inputs.narrow(axis, before, size)
        return inputs

    def _size_left(self, shape: Shape, axis: int, cut: int) -> int:
        size = shape[axis] or 0
        if cut >= size:
            raise DataError(
                f"layer {self.name!r} cuts {cut} cells off axis {axis} of its inputs, of which "
                f"shape {shape} has {size}: nothing is left"
            )
        return size - cut

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of what is left; a size that is unknown may be as large as it must be."""
        sizes = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, start=self._first_axis):
            if sizes[axis] is not None:
                sizes[axis] = self._size_left(tuple(input_shape), axis, before + after)
        return tuple(sizes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "cropping": self.cropping}


class Cropping1D(Cropping):
    """Cuts the edges of sequences off.

    Args:
        cropping: How many before and after: a number for both, or a pair.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``cropping`` is something else.
        DataError: Nothing is left of the inputs.

    Example:
        >>> import torch
        >>> Cropping1D((1, 2))(torch.ones(1, 6, 1)).shape
        torch.Size([1, 3, 1])

    Reference:
        ``keras.layers.Cropping1D``; sequences have their channels last.
    """

    rank = 1

    def __init__(self, cropping: object = (1, 1), **kwargs: Any) -> None:
        refuse_keywords(type(self), kwargs.keys() & {"data_format"})
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(Cropping):
    """Cuts the edges of images off.

    Args:
        cropping: How many: a number for all sides, one for each axis, or ((top, bottom), (left, right)).
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``cropping`` is something else.
        DataError: Nothing is left of the inputs.

    Example:
        >>> import torch
        >>> Cropping2D(((1, 0), (2, 2)))(torch.ones(1, 6, 6, 1)).shape
        torch.Size([1, 5, 2, 1])

    Reference:
        ``keras.layers.Cropping2D``; ``x[:, a:b, a:b, :]`` of a tensor.
    """

    rank = 2

    def __init__(
        self, cropping: object = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """Cuts the edges of volumes off.

    Args:
        cropping: How many: a number for all sides, one for each axis, or a pair (before, after) for each.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``cropping`` is something else.
        DataError: Nothing is left of the inputs.

    Example:
        >>> import torch
        >>> Cropping3D((0, 1, 2))(torch.ones(1, 6, 6, 6, 1)).shape
        torch.Size([1, 6, 4, 2, 1])

    Reference:
        ``keras.layers.Cropping3D``; ``x[:, a:b, a:b, a:b, :]`` of a tensor.
    """

    rank = 3

    def __init__(
        self,
        cropping: object = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
