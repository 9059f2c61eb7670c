"""``Masking``: masks time steps whose features all equal one value."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.backend.masks import set_mask
from kplug.components.arguments import require_number
from kplug.graph import MaskStep
from kplug.layers.base.layer import Layer


class Masking(Layer):
    """Masks the time steps at which all features of a sequence have one value.

    The outputs are 0 at these time steps and carry a mask that is False there. Layers that use masks,
    such as ``LSTM``, skip these time steps, and so do losses.

    Args:
        mask_value: The value of masked features.

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
        """Return the inputs with masked time steps set to 0; they carry the mask.

        Args:
            inputs: Shape (N, time, features).
        """
        kept = (inputs != self.mask_value).any(-1, keepdim=True)
        # Where the value is 0, masked time steps are so already; gradients are to be masked, too.
        is_done = self.mask_value == 0.0 and not inputs.requires_grad
        outputs = inputs.view_as(inputs) if is_done else inputs.where(kept, 0.0)
        set_mask(outputs, kept.squeeze(-1))
        return outputs

    def compute_mask(self, inputs: Tensor, previous_mask: Any = None) -> Tensor:  # noqa: ARG002 - it makes its own
        """Return where one feature at least is not ``mask_value``."""
        return (inputs != self.mask_value).any(-1)

    def trace_masks(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - it makes its own
        """Return the mask operations of Keras's graph: ``not_equal``, then ``any``."""
        return MaskStep(MaskStep(inputs))
