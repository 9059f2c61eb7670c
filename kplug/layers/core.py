"""Layers without weights that change values or shapes of single samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from kplug.backend import standardize_data_format
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer


class Activation(Layer):
    """Outputs activation(inputs).

    Args:
        activation: A component, such as ``"relu"`` or ``"relu(max_value=6)"``.
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> Activation("relu")(torch.tensor([[-1.0, 2.0]]))
        tensor([[0., 2.]])

    Reference:
        ``keras.layers.Activation``.
    """

    activation: Callable[[Tensor], Tensor]
    supports_masking = True

    def __init__(self, activation: object, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_slot("activation", "activation", activation)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the activated inputs, shape unchanged."""
        return self.activation(inputs)


class Flatten(Layer):
    """Turns each sample into one row.

    Args:
        data_format: ``"channels_first"`` if the inputs are so: the channels are moved last before,
            so that the order of features is that of ``"channels_last"``.
        kwargs: What every layer takes.

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

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Gives each sample another shape.

    Args:
        target_shape: The new shape without the batch; one size may be −1.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``target_shape`` is no tuple of such numbers.

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

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "target_shape": self.target_shape}


def _check_target(target_shape: Any) -> tuple[int, ...]:
    sizes = tuple(target_shape) if isinstance(target_shape, (list, tuple)) else (None,)
    is_valid = all(isinstance(size, int) and (size >= 1 or size == -1) for size in sizes)
    if not is_valid or sizes.count(-1) > 1:
        raise ArgumentValueError(
            "Reshape", "target_shape", target_shape, "a tuple of integers; one may be -1"
        )
    return sizes
