"""``Discretization``: numbers as bin indices, with given or adapted boundaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from kplug import example
from kplug.backend import to_dtype
from kplug.components.arguments import is_number, refusal, require_integer, require_number
from kplug.components.configurable import read_config
from kplug.errors import ArgumentError, DataError, NotBuiltError
from kplug.layers import Layer, iterate_batches
from kplug_preprocessing.layers.categories.base.encoding import (
    encode,
    refuse_sparse,
    require_output_mode,
)
from kplug_preprocessing.layers.categories.base.quantiles import EMPTY, compress, merge, summarize


@example({"bin_boundaries": [0.0, 1.0]})
class Discretization(Layer):
    """Outputs the number of the bin that each number falls into.

    A bin holds its lower boundary and not its upper one; the first and the last are open. The boundaries are
    given, or adapted to data: the quantiles that split it into bins of about equal size. NaN
    falls into the last bin.

    Args:
        bin_boundaries: The boundaries, rising numbers.
        num_bins: How many bins ``adapt`` makes, instead of boundaries.
        epsilon: How exact ``adapt`` is: it keeps about 1 / epsilon numbers of all.
        output_mode: ``"int"``: the numbers of the bins; or vectors, as ``CategoryEncoding`` makes them:
            ``"one_hot"``, ``"multi_hot"``, ``"count"``.
        sparse: ``False``; there are no sparse outputs.

    Raises:
        ArgumentValueError: An argument is outside its range.
        ArgumentError: Both boundaries and a number of bins are given, or neither.

    Example:
        >>> Discretization([0.0, 1.0])(torch.tensor([[-1.0, 0.0, 0.5, 9.0]]))
        tensor([[0, 1, 1, 2]], dtype=torch.int32)

    Reference:
        ``keras.layers.Discretization``, with the same boundaries after ``adapt``.
    """

    casts_integers = True

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        if (bin_boundaries is None) is (num_bins is None):
            raise ArgumentError(
                "Discretization takes either bin_boundaries or num_bins, got "
                f"{'neither' if num_bins is None else 'both'}",
                hint="Give the boundaries; or the number of bins, and call adapt(data).",
            )
        self.bin_boundaries = None if bin_boundaries is None else _as_boundaries(bin_boundaries)
        self.num_bins = num_bins
        if num_bins is not None:
            self.num_bins = require_integer(
                owner, "num_bins", num_bins, "an integer >= 1", at_least=1
            )
        self.epsilon = require_number(owner, "epsilon", epsilon)
        if not 0 < self.epsilon < 1:
            raise refusal(self, "epsilon", epsilon, "a number between 0 and 1")
        self.output_mode = require_output_mode(
            owner, output_mode, ("int", "one_hot", "multi_hot", "count")
        )
        self.sparse = refuse_sparse(owner, sparse)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the numbers of the bins, int32 in the shape of the inputs; or their vectors."""
        depth = self.num_bins or 1
        if self.bin_boundaries is not None:
            depth = len(self.bin_boundaries) + 1
        elif not inputs.is_meta:
            raise NotBuiltError(
                f"layer {self.name!r} has no boundaries yet",
                hint="Call adapt(data), or make it with bin_boundaries=.",
            )
        edges = torch.tensor(self.bin_boundaries or [], dtype=inputs.dtype, device=inputs.device)
        numbers = torch.bucketize(inputs.contiguous(), edges, out_int32=True, right=True)
        if self.output_mode == "int":
            return numbers
        return encode(numbers, self.output_mode, depth, to_dtype(self.dtype))

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the boundaries; those of an earlier call are replaced.

        Args:
            data: An array or tensor of numbers; or an iterable of batches of them. A batch that is a tuple
                holds its inputs first.
            steps: How many batches of an iterable are read; ``None`` is all.

        Raises:
            ArgumentError: The boundaries were given to the constructor.
            DataError: There is no data, or it has NaN.
        """
        if self.num_bins is None:
            raise ArgumentError(
                f"layer {self.name!r} was given its boundaries; adapt() would change nothing",
                hint="Make it with num_bins= instead of bin_boundaries=.",
            )
        found = EMPTY
        for batch in islice(iterate_batches(data, self.name), steps):
            found = merge(summarize(batch.cpu(), self.epsilon), found, self.epsilon)
        if not found.size:
            raise DataError(f"layer {self.name!r} cannot adapt to data without samples")
        self.bin_boundaries = compress(found, 1.0 / self.num_bins)[0, :-1].tolist()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; without ``trainable``, which Keras does not take here."""
        return {key: value for key, value in super().get_config().items() if key != "trainable"}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras."""
        config = read_config(cls, config)
        both = config.get("bin_boundaries") is not None and config.get("num_bins") is not None
        if not both:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = _as_boundaries(config["bin_boundaries"])
        return layer


def _as_boundaries(value: Any) -> list[float]:
    """Return the boundaries as plain numbers.

    Raises:
        ArgumentValueError: They are no rising numbers.
    """
    given = value.tolist() if isinstance(value, (np.ndarray, Tensor)) else value
    is_list = isinstance(given, (list, tuple)) and all(is_number(one) for one in given)
    if not is_list or not all(low <= high for low, high in pairwise(given)):
        raise refusal("Discretization", "bin_boundaries", value, "numbers in rising order")
    return [float(one) for one in given]
