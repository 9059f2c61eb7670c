"""``SpectralNormalization``: divides a layer's kernel by its largest singular value."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import require_integer
from kplug.errors import ContractError
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """Divides a layer's kernel by its largest singular value σ in training, before each call.

    With the kernel as a matrix W of shape (…, outputs), power iteration finds v = u·Wᵀ/‖u·Wᵀ‖ and
    u = v·W/‖v·W‖, then W ← W / (v·W·uᵀ). The additional weight u is updated by each call in training.

    Args:
        layer: A layer with a ``kernel`` or ``embeddings``.
        power_iterations: Power iterations per call, >= 1.

    Raises:
        ArgumentValueError: ``power_iterations`` is less than 1, or ``layer`` is no layer.
        ContractError: The layer has no such weight; raised when it is built.

    Example:
        >>> from kplug.layers import Dense
        >>> layer = SpectralNormalization(Dense(3, use_bias=False), power_iterations=30)
        >>> _ = layer(torch.eye(3), training=True)
        >>> round(torch.linalg.matrix_norm(layer.layer.kernel.detach(), 2).item(), 3)
        1.0

    Reference:
        Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018;
        ``keras.layers.SpectralNormalization``. Keras casts the outputs to the type of the inputs, which makes
        integers of the embeddings of integers.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self._remat = None  # it changes the kernel in place
        self.power_iterations = require_integer(
            "SpectralNormalization",
            "power_iterations",
            power_iterations,
            "an integer >= 1",
            at_least=1,
        )

    def find_output_activation(self) -> str | None:
        """Return the wrapped layer's output activation."""
        return self.layer.find_output_activation()

    def build(self, input_shape: Any) -> None:
        """Build the wrapped layer, and add u."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        self.kernel = self._find_kernel()  # as in Keras's files
        self.vector_u = self.add_weight(
            "vector_u",
            (1, self.kernel.shape[-1]),
            initializer="kplug/truncated_normal(stddev=0.02)",
            trainable=False,
        )

    def _find_kernel(self) -> Tensor:
        for name in ("kernel", "embeddings"):
            weight = getattr(self.layer, name, None)
            if isinstance(weight, Tensor):
                return weight
        raise ContractError(
            f"layer {self.name!r} normalizes a kernel, and {type(self.layer).__name__} {self.layer.name!r} "
            "has neither a kernel nor embeddings",
            hint="Wrap a layer such as Dense, Conv2D or Embedding.",
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the layer's outputs.

        Args:
            inputs: The inputs of the wrapped layer.
            training: Whether the kernel is normalized first.
        """
        if training:
            self._normalize()
        outputs: Tensor = self.layer(inputs)
        return outputs

    @torch.no_grad()
    def _normalize(self) -> None:
        kernel = self.kernel
        matrix = kernel.reshape(-1, kernel.shape[-1])
        u = self.vector_u
        for _ in range(self.power_iterations):
            v = _to_length_one(u @ matrix.T)
            u = _to_length_one(v @ matrix)
        sigma = (v @ matrix @ u.T).reshape(())
        is_zero = (kernel == 0).all()
        self.vector_u.copy_(torch.where(is_zero, self.vector_u, u))
        kernel.copy_(torch.where(is_zero, kernel, kernel / sigma))


def _to_length_one(vector: Tensor) -> Tensor:
    length: Tensor = vector.norm().clamp_min(epsilon())
    return vector / length
