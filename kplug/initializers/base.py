"""The ``Initializer`` base class, and checks of its shape, data type and result."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex, TypeAlias

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import DTypeLike
from kplug.components.arguments import refusal
from kplug.components.configurable import (
    check_keys,
    read_arguments,
    read_config,
    remember_arguments,
    write_call,
)
from kplug.dialect.keras2.component_configs import translate_initializer_config

ShapeLike: TypeAlias = "Iterable[SupportsIndex] | SupportsIndex"


class Initializer(ABC):
    """Makes the initial values of a weight.

    A subclass implements ``__call__``. If it stores its constructor's arguments under their own
    names, ``get_config`` works without further code.

    Raises:
        ArgumentValueError: in a subclass, for an argument outside its range.

    Example:
        >>> import torch
        >>> from kplug.backend import to_dtype
        >>> class Ramp(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         size = torch.Size(shape).numel()
        ...         return torch.arange(size, dtype=to_dtype(dtype)).reshape(shape)
        >>> Ramp()((2, 2))
        tensor([[0., 1.],
                [2., 3.]])
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        remember_arguments(cls)

    @abstractmethod
    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return the values.

        Args:
            shape: Shape of the weight in Keras's order: ``(in, out)``, or
                ``(height, width, in, out)``.
            dtype: A data type or its name; None means ``kplug.backend.floatx()``.

        Returns:
            A tensor of that shape and data type.
        """

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; for a generator, the seed that it started from."""
        config = read_arguments(self)
        if isinstance(config.get("seed"), torch.Generator):
            config["seed"] = {
                "module": "keras.random",
                "class_name": "SeedGenerator",
                "config": {"seed": config["seed"].initial_seed()},
                "registered_name": None,
            }
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create an initializer from the result of `get_config`, kplug's or any Keras's."""
        arguments = translate_initializer_config(read_config(cls, config))
        check_keys(cls, arguments)
        return cls(**arguments)

    def __repr__(self) -> str:
        return write_call(self, self.get_config())


def as_shape(owner: object, shape: ShapeLike) -> tuple[int, ...]:
    """Return a shape as a tuple of ints; one number is a shape of rank 1.

    Args:
        owner: The initializer, named in the message.
        shape: Tuple, list, ``torch.Size`` or number.

    Raises:
        ArgumentValueError: for a dimension that is negative, None or no integer.
    """
    try:
        dimensions = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        sizes = tuple(operator.index(dimension) for dimension in dimensions)
    except TypeError:
        sizes = (-1,)
    if any(size < 0 for size in sizes):
        raise refusal(owner, "shape", shape, "integers >= 0, one for each dimension")
    return sizes
