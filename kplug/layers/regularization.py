"""Layers that make training harder, so that what is learned generalizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kplug.arguments import require_number
from kplug.backend.nn import dropout_mask
from kplug.backend.random import make_generator
from kplug.layers.base.layer import Layer


class Dropout(Layer):
    """Sets a random part of the inputs to 0 in training and scales up the rest; else does nothing.

    outputs = inputs · keep / (1 − rate), where keep is 0 with probability ``rate``, else 1.

    Args:
        rate: The part that is dropped, in [0, 1].
        noise_shape: Shape of the random mask, the batch included; ``None`` is that size of the
            inputs, 1 shares the draw along that axis.
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``rate`` is outside [0, 1].

    Example:
        >>> import torch
        >>> layer = Dropout(0.5)
        >>> layer(torch.ones(1, 4))
        tensor([[1., 1., 1., 1.]])
        >>> sorted(set(layer(torch.ones(1, 100), training=True).flatten().tolist()))
        [0.0, 2.0]

    Reference:
        Srivastava et al., 2014; ``keras.layers.Dropout``. ``torch.nn.Dropout`` has no ``noise_shape``.
    """

    supports_masking = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = require_number(
            "Dropout", "rate", rate, "a number in [0, 1]", at_least=0.0, at_most=1.0
        )
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self._generator = None if seed is None else make_generator(seed)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs, a part of them dropped in training; shape unchanged."""
        if not self.training or self.rate == 0.0:
            return inputs
        if self.noise_shape is None and self._generator is None:
            return F.dropout(inputs, self.rate, training=True)
        return inputs * dropout_mask(inputs, self.rate, self.noise_shape, self._generator)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }
