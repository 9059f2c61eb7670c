"""Layers that flatten, reshape, permute or repeat samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.backend import standardize_data_format
from kplug.components.arguments import refusal, require_integer
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer


class Flatten(Layer):
    """Flattens each sample.

    Args:
        data_format: With ``"channels_first"`` the channels are moved to the end first, so that the features
            have the order of ``"channels_last"``.

    Example:
        >>> import torch
        >>> Flatten()(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 12])

    Reference:
        ``keras.layers.Flatten``; ``torch.nn.Flatten`` reads channels first as they stand.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, "Flatten")
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the samples as rows, shape (N, rest); (N,) becomes (N, 1)."""
        if self.data_format == "channels_first" and inputs.ndim > 2:
            inputs = inputs.movedim(1, -1)
        return inputs.flatten(1) if inputs.ndim > 1 else inputs.unsqueeze(1)


class Reshape(Layer):
    """Reshapes each sample.

    Args:
        target_shape: The new shape without the batch; one size may be −1.

    Example:
        >>> import torch
        >>> Reshape((3, -1))(torch.zeros(2, 12)).shape
        torch.Size([2, 3, 4])

    Reference:
        ``keras.layers.Reshape``; ``torch.nn.Unflatten`` for all axes but the first.
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = _check_target(target_shape)

    def build(self, input_shape: Shape) -> None:
        """Check that the sizes fit."""
        sizes = [size for size in input_shape[1:] if size is not None]
        if len(sizes) == len(input_shape) - 1 and not self._fits(math.prod(sizes)):
            raise self._misfit(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the samples in the new shape, (N, *target_shape)."""
        return inputs.reshape(inputs.shape[0], *self.target_shape)

    def _check_shapes(self, inputs: Any, cause: BaseException | None = None) -> None:
        shape = tuple(getattr(inputs, "shape", ()))
        if shape and not self._fits(math.prod(shape[1:])):
            raise self._misfit(shape) from cause

    def _fits(self, count: int) -> bool:
        known = math.prod(size for size in self.target_shape if size != -1)
        return count % known == 0 if -1 in self.target_shape and known else count == known

    def _misfit(self, shape: Shape) -> DataError:
        return DataError(
            f"layer {self.name!r} cannot give samples of shape {tuple(shape[1:])} the shape "
            f"{self.target_shape}: they hold {math.prod(size or 1 for size in shape[1:])} numbers"
        )


def _check_target(target_shape: Any) -> tuple[int, ...]:
    sizes = tuple(target_shape) if isinstance(target_shape, (list, tuple)) else (None,)
    is_valid = all(isinstance(size, int) and (size >= 1 or size == -1) for size in sizes)
    if not is_valid or sizes.count(-1) > 1:
        raise ArgumentValueError(
            "Reshape", "target_shape", target_shape, "a tuple of integers; one may be -1"
        )
    return sizes


class Permute(Layer):
    """Permutes the axes of each sample.

    Args:
        dims: The axes in their new order, counted from 1; the batch stays first.

    Example:
        >>> import torch
        >>> Permute((2, 1))(torch.zeros(1, 3, 4)).shape
        torch.Size([1, 4, 3])

    Reference:
        ``keras.layers.Permute``.
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = tuple(dims) if isinstance(dims, (list, tuple)) else ()
        is_number = all(isinstance(one, int) and not isinstance(one, bool) for one in given)
        if not given or not is_number or sorted(given) != list(range(1, len(given) + 1)):
            raise refusal("Permute", "dims", dims, "each of 1, 2, … once, in the new order")
        self.dims = given
        self.input_spec = InputSpec(ndim=len(given) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        """Return a view with the axes in the new order."""
        return inputs.permute(0, *self.dims)


class RepeatVector(Layer):
    """Repeats each row: (N, features) becomes (N, n, features).

    Args:
        n: Number of repetitions.

    Example:
        >>> import torch
        >>> RepeatVector(2)(torch.tensor([[1.0, 3.0]]))
        tensor([[[1., 3.],
                 [1., 3.]]])

    Reference:
        ``keras.layers.RepeatVector``.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = require_integer("RepeatVector", "n", n, "an integer >= 1", at_least=1)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the repeated rows."""
        if inputs.ndim != 2:
            self._check_shapes(inputs)
        return inputs.unsqueeze(1).repeat(1, self.n, 1)
