"""``TimeDistributed``: applies a layer to each time step of sequences."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from kplug.components.arguments import refusal
from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.batch_normalization import BatchNormalization
from kplug.layers.wrapper import Wrapper


class TimeDistributed(Wrapper):
    """Applies one layer to each time step of sequences.

    All time steps are computed at once, as samples of one batch; only layers that use batch statistics,
    such as ``BatchNormalization`` in training, run step by step.

    Args:
        layer: A layer or a model with one input and one output.

    Raises:
        ArgumentValueError: ``layer`` is no layer, or has several outputs.

    Example:
        >>> from kplug.layers import Dense
        >>> TimeDistributed(Dense(3))(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        ``keras.layers.TimeDistributed``.
    """

    supports_masking = True

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer) or layer.output_count != 1:
            raise refusal("TimeDistributed", "layer", layer, "a layer with one output")
        super().__init__(layer, **kwargs)
        self.input_spec = InputSpec(min_ndim=3)

    def build(self, input_shape: Shape) -> None:
        """Build the layer for one time step."""
        self.layer.declare_for((input_shape[0], *input_shape[2:]))

    def find_output_activation(self) -> str | None:
        """Return the wrapped layer's output activation."""
        return self.layer.find_output_activation()

    def convert_inputs(self, inputs: Any) -> Any:
        """Convert the inputs as the wrapped layer does."""
        return self.layer.convert_inputs(inputs)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the outputs of all time steps.

        Args:
            inputs: Shape (N, time, …).
            mask: Booleans, shape (N, time, …); the layer receives the part of each time step, if it takes a
                mask.

        Returns:
            A tensor (N, time, …).
        """
        if mask is not None and mask.shape[:2] != inputs.shape[:2]:
            raise DataError(
                f"layer {self.name!r}: a mask of shape {tuple(mask.shape)} does not fit inputs of shape "
                f"{tuple(inputs.shape)}; the first two sizes are the same"
            )
        mask = mask if self.layer._takes_mask else None
        if self.training and any(map(_looks_at_batch, self.layer.modules())):
            times = range(inputs.shape[1])
            made = [
                self._apply_layer(inputs[:, t], None if mask is None else mask[:, t]) for t in times
            ]
            return torch.stack(made, dim=1)
        kept = None if mask is None else mask.flatten(0, 1)
        outputs = self._apply_layer(inputs.flatten(0, 1), kept)
        return outputs.reshape(*inputs.shape[:2], *outputs.shape[1:])

    def _apply_layer(self, inputs: Tensor, mask: Tensor | None) -> Tensor:
        outputs: Tensor = self.layer(inputs) if mask is None else self.layer(inputs, mask=mask)
        return outputs


def _looks_at_batch(module: nn.Module) -> bool:
    return isinstance(module, (BatchNormalization, nn.modules.batchnorm._BatchNorm))
