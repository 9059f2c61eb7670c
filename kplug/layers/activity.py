"""The layer that only adds a penalty."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.arguments import require_number
from kplug.layers.base.layer import Layer
from kplug.regularizers import L1L2


class ActivityRegularization(Layer):
    """Returns its inputs and adds l1 · Σ|x| + l2 · Σx² to the loss, divided by the batch size.

    Args:
        l1: Factor of the absolute values, >= 0.
        l2: Factor of the squares, >= 0.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A factor is outside its range.

    Example:
        >>> import torch
        >>> layer = ActivityRegularization(l1=0.5)
        >>> _ = layer(torch.ones(2, 3))
        >>> layer.losses
        [tensor(1.5000)]

    Reference:
        ``keras.layers.ActivityRegularization``.
    """

    casts_integers = True
    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        owner, allowed = "ActivityRegularization", "a number >= 0"
        self_l1 = require_number(owner, "l1", l1, allowed, at_least=0.0)
        self_l2 = require_number(owner, "l2", l2, allowed, at_least=0.0)
        super().__init__(activity_regularizer=L1L2(l1=self_l1, l2=self_l2), **kwargs)
        self.l1, self.l2 = self_l1, self_l2

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        del config["activity_regularizer"]  # l1 and l2 make it
        return config
