"""Zero padding and cropping layers."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from kplug.backend.sliding_windows import pad_spatial
from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.constructor_arguments import refuse_keywords
from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes, require_pairs


class ZeroPadding(Layer):
    """Base class of the padding layers.

    Args:
        padding: Number of zeros: one for all sides, one for each axis, or a pair (before, after) for each.

    Reference:
        Keras's padding layers; torch's ``ZeroPad1d`` and so on count from the last axis to the first.
    """

    rank: ClassVar[int]

    def __init__(self, padding: object = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self._pairs = require_pairs(owner, "padding", padding, self.rank)
        self.padding = self._pairs[0] if self.rank == 1 else self._pairs

    def call(self, inputs: Tensor) -> Tensor:
        """Return the padded inputs, in their layout."""
        return self._spatial.apply(self._pad, inputs)

    def _pad(self, inputs: Tensor) -> Tensor:
        return pad_spatial(inputs, self._pairs)


class ZeroPadding1D(ZeroPadding):
    """Pads sequences with zeros.

    Args:
        padding: Number of zeros before and after: one number for both, or a pair.

    Example:
        >>> import torch
        >>> ZeroPadding1D((1, 2))(torch.ones(1, 3, 1)).shape
        torch.Size([1, 6, 1])
    """

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Pads images with zeros.

    Args:
        padding: Number of zeros: one for all sides, one for each axis, or ((top, bottom), (left, right)).

    Example:
        >>> import torch
        >>> ZeroPadding2D(((1, 0), (2, 2)))(torch.ones(1, 3, 3, 1)).shape
        torch.Size([1, 4, 7, 1])
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Pads volumes with zeros.

    Example:
        >>> import torch
        >>> ZeroPadding3D((0, 1, 2))(torch.ones(1, 3, 3, 3, 1)).shape
        torch.Size([1, 3, 5, 7, 1])
    """

    rank = 3


class Cropping(Layer):
    """Base class of the cropping layers.

    Args:
        cropping: Number of cells: one for all sides, one for each axis, or a pair (before, after) for each.

    Raises:
        ArgumentValueError: ``cropping`` is something else.
        DataError: Nothing is left of the inputs.

    Reference:
        Keras's cropping layers; ``x[:, a:b]`` of a tensor, for each axis.
    """

    rank: ClassVar[int]

    def __init__(self, cropping: object = 0, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self._pairs = require_pairs(owner, "cropping", cropping, self.rank)
        self.cropping = self._pairs[0] if self.rank == 1 else self._pairs

    def call(self, inputs: Tensor) -> Tensor:
        """Return a view of what is left, in the layout of the inputs."""
        for axis, (before, after) in zip(self._spatial.positions, self._pairs, strict=True):
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
        for axis, pair in zip(self._spatial.positions, self._pairs, strict=True):
            if sizes[axis] is not None:
                sizes[axis] = self._size_left(tuple(input_shape), axis, sum(pair))
        return tuple(sizes)


class Cropping1D(Cropping):
    """Crops sequences.

    Args:
        cropping: Number of cells before and after: one number for both, or a pair.

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
    """Crops images.

    Args:
        cropping: Number of cells: one for all sides, one for each axis, or ((top, bottom), (left, right)).

    Example:
        >>> import torch
        >>> Cropping2D(((1, 0), (2, 2)))(torch.ones(1, 6, 6, 1)).shape
        torch.Size([1, 5, 2, 1])
    """

    rank = 2

    def __init__(
        self, cropping: object = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """Crops volumes.

    Example:
        >>> import torch
        >>> Cropping3D((0, 1, 2))(torch.ones(1, 6, 6, 6, 1)).shape
        torch.Size([1, 6, 4, 2, 1])
    """

    rank = 3

    def __init__(
        self,
        cropping: object = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
