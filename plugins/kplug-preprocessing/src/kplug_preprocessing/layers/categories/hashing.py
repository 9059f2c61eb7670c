"""``Hashing``: assigns categories to bins by their hashes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug import example
from kplug.backend import floatx, holds_texts, to_dtype
from kplug.components.arguments import refusal, require_integer
from kplug.layers import Layer
from kplug_preprocessing.layers.categories.base.encoding import (
    encode,
    refuse_sparse,
    require_output_mode,
)
from kplug_preprocessing.layers.categories.base.fingerprints import as_salt, find_buckets
from kplug_preprocessing.layers.categories.base.texts import as_texts


@example({"num_bins": 4})
class Hashing(Layer):
    """Outputs a hash of each integer or string, in 0 … num_bins − 1, or vectors of such numbers.

    The hash is FarmHash64 of the text, of an integer that of its digits; with a salt, SipHash64.

    Args:
        num_bins: Number of bins, that of the mask included.
        mask_value: The value that gets bin 0 exclusively; ``None`` for none.
        salt: Key of SipHash, one or two integers; ``None`` is FarmHash.
        output_mode: ``"int"``: the bins; or vectors, as ``CategoryEncoding`` makes them: ``"one_hot"``,
            ``"multi_hot"``, ``"count"``.
        sparse: ``False``; there are no sparse outputs.

    Raises:
        ArgumentValueError: An argument is outside its range.

    Example:
        >>> Hashing(3)([["A"], ["B"], ["C"], ["D"], ["E"]]).flatten()
        tensor([1, 0, 1, 1, 2])
        >>> Hashing(3)(torch.tensor([0, 1, 2, 3, 4]))
        tensor([1, 0, 1, 0, 2])

    Reference:
        ``keras.layers.Hashing``, which needs TensorFlow; the same numbers.
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: str | int | None = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        mode = require_output_mode(owner, output_mode, ("int", "one_hot", "multi_hot", "count"))
        kind = ("int64" if mode == "int" else floatx()) if dtype is None else dtype
        if mode == "int" and to_dtype(kind) not in (torch.int32, torch.int64):
            raise refusal(owner, "dtype", dtype, "'int64' or 'int32' where output_mode is 'int'")
        super().__init__(dtype=kind, **kwargs)
        self.output_mode = mode
        self.num_bins = require_integer(owner, "num_bins", num_bins, "an integer >= 1", at_least=1)
        self.mask_value = mask_value
        self.salt = as_salt(owner, salt)
        self.sparse = refuse_sparse(owner, sparse)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the bins of strings or integers, or vectors of them."""
        if holds_texts(inputs):
            kwargs["is_hashed"] = True
            inputs = self._find_bins(as_texts(self.name, inputs))
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Tensor, is_hashed: bool = False) -> Tensor:
        """Return the bins of integers, in their shape, or vectors of them.

        Args:
            inputs: Integers; floats are cut to integers.
            is_hashed: Whether they are already bins, of strings.
        """
        bins = inputs if is_hashed or inputs.is_meta else self._hash_numbers(inputs)
        if self.output_mode == "int":
            return bins.to(to_dtype(self.dtype))
        return encode(bins.long(), self.output_mode, self.num_bins, to_dtype(self.dtype))

    def _hash_numbers(self, inputs: Tensor) -> Tensor:
        numbers = inputs.detach().cpu().long().numpy()
        return self._find_bins(numbers).to(inputs.device)

    def _find_bins(self, values: Any) -> Tensor:
        is_masked = self.mask_value is not None and self.num_bins > 1
        count = self.num_bins - 1 if is_masked else self.num_bins
        distinct, places = np.unique(values.reshape(-1), return_inverse=True)
        bins = find_buckets([str(one) for one in distinct], count, self.salt)
        if is_masked:
            bins = np.where(distinct == self.mask_value, 0, bins + 1)
        return torch.from_numpy(bins[places].reshape(values.shape))
