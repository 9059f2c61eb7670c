"""The layer that does nothing."""

from __future__ import annotations

from typing import Any

from kplug.layers.base.layer import Layer


class Identity(Layer):
    """Outputs the inputs as they are; a place for something that is put in later.

    Args:
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> Identity()(torch.tensor([[1.0, 2.0]]))
        tensor([[1., 2.]])

    Reference:
        ``keras.layers.Identity``; ``torch.nn.Identity``.
    """

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs
