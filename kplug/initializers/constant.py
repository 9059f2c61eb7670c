"""Deterministic initializers: zeros, ones, given values, the identity matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import DTypeLike, to_dtype
from kplug.components.arguments import require_number
from kplug.components.configurable import declared_name, read_config
from kplug.errors import ArgumentValueError
from kplug.initializers.base import Initializer, ShapeLike, as_shape
from kplug.registry import named


@named("zeros", "zero")
@final
class Zeros(Initializer):
    """All values 0.

    Example:
        >>> Zeros()((2, 3))
        tensor([[0., 0., 0.],
                [0., 0., 0.]])

    Reference:
        ``keras.initializers.Zeros``.
    """

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return zeros of the shape and data type."""
        return torch.zeros(as_shape(self, shape), dtype=to_dtype(dtype))


@named("ones", "one")
@final
class Ones(Initializer):
    """All values 1.

    Example:
        >>> Ones()((3,), dtype="float64")
        tensor([1., 1., 1.], dtype=torch.float64)

    Reference:
        ``keras.initializers.Ones``.
    """

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return ones of the shape and data type."""
        return torch.ones(as_shape(self, shape), dtype=to_dtype(dtype))


@final
class Constant(Initializer):
    """The given value everywhere, or the given values.

    Args:
        value: A number, or an array (nested list, NumPy array, tensor) that broadcasts to the
            shape.

    Raises:
        ArgumentValueError: for a value that is no number or array of numbers; at the call, for
            an array that does not broadcast to the shape.

    Example:
        >>> Constant(0.5)((2,))
        tensor([0.5000, 0.5000])
        >>> Constant([1, 2])((2, 2))
        tensor([[1., 2.],
                [1., 2.]])

    Reference:
        Keras's ``Constant``. ``"constant"`` without a value is 0, as in Keras 2; Keras 3 raises.
    """

    def __init__(self, value: object = 0) -> None:
        self._values = _read_values(value)
        self.value = value if isinstance(value, (bool, int, float)) else self._values.tolist()

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return the values, broadcast to the shape."""
        sizes = as_shape(self, shape)
        # A new tensor on the default device, never a view of the argument.
        result = torch.empty(sizes, dtype=to_dtype(dtype))
        given = tuple(self._values.shape)
        fits = len(given) <= len(sizes) and all(
            size in (1, target) for size, target in zip(given[::-1], sizes[::-1], strict=False)
        )
        if not fits:
            raise ArgumentValueError(
                "constant", "value", _describe_shape(given), f"a shape that broadcasts to {sizes}"
            )
        return result.copy_(self._values)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create the initializer; Keras 3's serialized arrays work, too."""
        config = read_config(cls, config)
        value = config.get("value", 0)
        if isinstance(value, Mapping):
            value = value.get("config", value).get("value")
        return super().from_config({**config, "value": value})


@named("identity", "IdentityInitializer")
@final
class Identity(Initializer):
    """The identity matrix, times ``gain``; a matrix that is not square is filled up with zeros.

    Args:
        gain: Factor.

    Raises:
        ArgumentValueError: at the call, for a shape that is no matrix.

    Example:
        >>> Identity(gain=2.0)((2, 3))
        tensor([[2., 0., 0.],
                [0., 2., 0.]])

    Reference:
        Keras 3's ``Identity``; Keras 2 tiled identity matrices along the longer side. Unlike in
        Keras 3, the configuration keeps ``gain``.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = require_number(self, "gain", gain)

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return ``gain`` on the main diagonal and 0 elsewhere."""
        sizes = as_shape(self, shape)
        if len(sizes) != 2:
            name = declared_name(type(self))
            raise ArgumentValueError(name, "shape", sizes, "two dimensions (rows, columns)")
        values = torch.zeros(sizes, dtype=to_dtype(dtype))
        values.diagonal().fill_(self.gain)
        return values


def _read_values(value: object) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().clone()
    try:
        # NumPy's float64 keeps Python numbers exact until the weight's type is known.
        array = np.array(value)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise ArgumentValueError("constant", "value", value, "a number or an array of numbers")
    return torch.from_numpy(array)


def _describe_shape(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}"
