"""The layer that leaves times of a sequence out."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.arguments import require_number
from kplug.backend.masks import set_mask
from kplug.layers.base.layer import Layer


class Masking(Layer):
    """Marks the times of a sequence at which all features have one value: there is nothing.

    The outputs are 0 at such times, and carry a mask that is False there. Layers after this one that
    know of masks, such as ``LSTM``, pass over these times, and so do losses.

    Args:
        mask_value: The value that means nothing.

    Example:
        >>> import torch
        >>> from kplug.backend.masks import get_mask
        >>> rows = Masking(mask_value=-1.0)(torch.tensor([[[2.0, -1.0], [-1.0, -1.0]]]))
        >>> rows, get_mask(rows)
        (tensor([[[ 2., -1.],
                 [ 0.,  0.]]]), tensor([[ True, False]]))

    Reference:
        ``keras.layers.Masking``.
    """

    casts_integers = True
    supports_masking = True
    _makes_masks = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = require_number("Masking", "mask_value", mask_value, "a number")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs, 0 where there is nothing; they carry the mask.

        Args:
            inputs: Shape (N, time, features).
        """
        kept = (inputs != self.mask_value).any(-1, keepdim=True)
        outputs = inputs.where(kept, 0.0)
        set_mask(outputs, kept.squeeze(-1))
        return outputs

    def compute_mask(self, inputs: Tensor, previous_mask: Any) -> Tensor:  # noqa: ARG002 - it makes its own
        """Return where one feature at least is not ``mask_value``."""
        return (inputs != self.mask_value).any(-1)
