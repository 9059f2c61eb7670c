"""Layers that move or repeat what a sample holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.arguments import refusal, require_integer
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer


class Permute(Layer):
    """Changes the order of a sample's axes.

    Args:
        dims: The axes in their new order, counted from 1; the batch stays first.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``dims`` does not have each of 1, 2, … once.

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

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Repeats each row: (N, features) becomes (N, n, features).

    Args:
        n: How often.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``n`` is no integer >= 1.

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

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "n": self.n}
