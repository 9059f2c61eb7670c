"""``Embedding``: a trainable table that maps integers to vectors."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kplug.backend import to_tensor
from kplug.backend.indices import require_whole
from kplug.components.arguments import require_flag, require_integer
from kplug.components.types import ConstraintLike, InitializerLike, RegularizerLike
from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.lora import AdaptableLayer, AdaptedWeight, add_asked_adapter, read_adapter
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots


class Embedding(AdaptableLayer):
    """Outputs row number i of a learned table for each integer i of the inputs.

    Args:
        input_dim: Number of rows; inputs are in [0, input_dim).
        output_dim: Length of a row.
        embeddings_initializer: Initial values of the table, shape (input_dim, output_dim).
        embeddings_regularizer: Penalty of the table.
        embeddings_constraint: Applied to the table after each update.
        mask_zero: Whether 0 is padding: the outputs then carry a mask that is False where inputs are 0.
        weights: The table, or a list that holds it, instead of the initial values.
        input_length: Keras 2's way to say ``input_shape=(input_length,)``.
        sparse: Whether the gradient of the table holds only the rows that were looked up. ``sgd`` without
            momentum and ``adagrad`` then update these rows alone, which saves most of the time and memory
            of a step with a large table; other optimizers move every row, so they make it dense first.

    Example:
        >>> import torch
        >>> layer = Embedding(3, 2, weights=[[[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]])
        >>> layer(torch.tensor([[2, 1]])).detach()
        tensor([[[3., 4.],
                 [1., 2.]]])

    Reference:
        ``keras.layers.Embedding``, and ``sparse`` of ``torch.nn.Embedding``. Rows below 0 are refused;
        Keras counts them from the end. Of 1.7 Keras makes 1.
    """

    adapted_weight = "embeddings"
    embeddings: Tensor = AdaptedWeight("embeddings")  # type: ignore[assignment]
    _has_looked: bool = False

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: InitializerLike = "kplug/uniform",
        embeddings_regularizer: RegularizerLike = None,
        embeddings_constraint: ConstraintLike = None,
        activity_regularizer: RegularizerLike = None,
        mask_zero: bool = False,
        weights: Any = None,
        input_length: int | None = None,
        sparse: bool = False,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        if input_length is not None and "batch_input_shape" not in kwargs:
            kwargs.setdefault("input_shape", (input_length,))
        if weights is not None and not isinstance(weights, (list, tuple)):
            weights = [weights]
        super().__init__(
            activity_regularizer=activity_regularizer,
            weights=weights,
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            **kwargs,
        )
        owner, allowed = "Embedding", "an integer >= 1"
        self.input_dim = require_integer(owner, "input_dim", input_dim, allowed, at_least=1)
        self.output_dim = require_integer(owner, "output_dim", output_dim, allowed, at_least=1)
        self.mask_zero = require_flag(owner, "mask_zero", mask_zero)
        self.supports_masking = self._makes_masks = self.mask_zero
        self.input_length = input_length
        self.sparse = require_flag(owner, "sparse", sparse)
        add_weight_slots(
            self,
            "embeddings",
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
        )

    def build(self, input_shape: Shape) -> None:  # noqa: ARG002 - the table does not depend on it
        """Add the table, shape (input_dim, output_dim)."""
        self.embeddings = add_slotted_weight(self, "embeddings", (self.input_dim, self.output_dim))
        add_asked_adapter(self)

    def convert_inputs(self, inputs: Any) -> Tensor:
        """Return the ids as a tensor of their own type."""
        return to_tensor(inputs)  # never cast: a small float type would round the integers

    def call(self, inputs: Tensor) -> Tensor:
        """Return the rows.

        Args:
            inputs: Integers of any shape; floats may hold them.

        Returns:
            A tensor of shape ``inputs.shape + (output_dim,)``.

        Raises:
            DataError: In the first call a number has a fraction.
        """
        if not self._has_looked and require_whole(f"layer {self.name!r}", inputs):
            self._has_looked = True
        rows = inputs.long()
        outputs = F.embedding(rows, self._read_weight("embeddings"), sparse=self.sparse)
        if self.lora_enabled:
            a, b = read_adapter(self)
            outputs = outputs + F.embedding(rows, a, sparse=self.sparse) @ b
        return outputs

    def compute_mask(self, inputs: Tensor, previous_mask: Any = None) -> Tensor | None:  # noqa: ARG002 - it makes its own
        """Return where the inputs are not 0, if ``mask_zero``."""
        return inputs != 0 if self.mask_zero else None

    def _check_shapes(self, inputs: Any, cause: BaseException | None = None) -> None:
        if isinstance(inputs, Tensor) and inputs.numel() and not inputs.is_meta:
            lowest, highest = inputs.min().item(), inputs.max().item()
            if not (lowest >= 0 and highest < self.input_dim):  # nor NaN
                raise DataError(
                    f"layer {self.name!r} has {self.input_dim} rows and expects integers in "
                    f"[0, {self.input_dim}), got some from {lowest:.10g} to {highest:.10g}",
                    hint="input_dim is the largest integer plus 1.",
                ) from cause
        super()._check_shapes(inputs, cause)
