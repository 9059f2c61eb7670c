"""``CategoryEncoding``: category numbers as one-hot, multi-hot or count vectors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug import example
from kplug.backend import require_whole, to_dtype, to_tensor
from kplug.components.arguments import require_integer
from kplug.errors import DataError
from kplug.layers import Layer
from kplug_preprocessing.layers.categories.base.encoding import (
    encode,
    refuse_sparse,
    require_output_mode,
)


@example({"num_tokens": 4})
class CategoryEncoding(Layer):
    """Outputs the one-hot, multi-hot or count vectors of numbers of categories.

    Args:
        num_tokens: How many categories there are: the size of the vectors.
        output_mode: ``"one_hot"``: a vector for each number, in the place of a last axis of size 1, else
            along a new axis. ``"multi_hot"``: a vector for each sample with 1 for each number that occurs in
            it, ``"count"``: with how often it does.
        sparse: ``False``; there are no sparse outputs.

    Raises:
        ArgumentValueError: An argument is outside its range.

    Example:
        >>> CategoryEncoding(4)(torch.tensor([[0, 1], [3, 3]]))
        tensor([[1., 1., 0., 0.],
                [0., 0., 0., 1.]])

    Reference:
        ``keras.layers.CategoryEncoding``. A number that is no category is refused; on torch Keras leaves
        out negative ones.
    """

    def __init__(
        self,
        num_tokens: int,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.num_tokens = require_integer(
            owner, "num_tokens", num_tokens, "an integer >= 1", at_least=1
        )
        self.output_mode = require_output_mode(
            owner, output_mode, ("one_hot", "multi_hot", "count")
        )
        self.sparse = refuse_sparse(owner, sparse)

    def call(self, inputs: Tensor, count_weights: Any = None) -> Tensor:
        """Return the vectors.

        Args:
            inputs: Integers, shape (N,) or (N, numbers).
            count_weights: The weight of each number in mode ``"count"``, in the shape of ``inputs``.

        Raises:
            DataError: A number is no category, or weights are given in another mode.
        """
        if count_weights is not None and self.output_mode != "count":
            raise DataError(
                f"layer {self.name!r} was given count_weights, its output_mode is {self.output_mode!r}",
                hint="Make it with output_mode='count'.",
            )
        self._require_categories(inputs)
        weights = None if count_weights is None else to_tensor(count_weights).to(inputs.device)
        return encode(inputs, self.output_mode, self.num_tokens, to_dtype(self.dtype), weights)

    def _require_categories(self, inputs: Tensor) -> None:
        # On other devices, reading the values would synchronize.
        if inputs.device.type != "cpu" or torch.compiler.is_compiling() or not inputs.numel():
            return
        require_whole(f"layer {self.name!r}", inputs)
        lowest, highest = (int(one) for one in inputs.aminmax())
        if lowest < 0 or highest >= self.num_tokens:
            raise DataError(
                f"layer {self.name!r} encodes the numbers 0 to {self.num_tokens - 1}, got "
                f"{lowest if lowest < 0 else highest}",
                hint="Give the number of categories as num_tokens=, or let IntegerLookup number them.",
            )
