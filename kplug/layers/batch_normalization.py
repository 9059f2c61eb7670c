"""Batch normalization, with moving averages for inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.components.arguments import refusal, require_number, require_share
from kplug.components.types import ConstraintLike, InitializerLike, RegularizerLike
from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.axes import find_axes, require_axis
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots, known_size


class BatchNormalization(Layer):
    """Outputs gamma · (inputs − mean) / √(variance + epsilon) + beta, for each channel.

    In training, mean and variance are those of the batch, and the moving ones follow them:
    moving ← momentum · moving + (1 − momentum) · batch. Otherwise, and while ``trainable`` is False,
    they are the moving ones.

    Args:
        axis: The axis of the channels; 1 for ``"channels_first"``.
        momentum: Share of the old value that the moving mean and variance keep, in [0, 1].
        moving_mean_initializer: Initial values of the moving mean, shape (channels,).
        moving_variance_initializer: Initial values of the moving variance, shape (channels,).
        renorm: Not supported; must be False.
        synchronized: Not supported; must be False.

    Example:
        >>> layer = BatchNormalization(momentum=0.5, epsilon=0.0)
        >>> layer(torch.tensor([[1.0], [3.0]]), training=True).detach()
        tensor([[-1.],
                [ 1.]])
        >>> layer.moving_mean.tolist(), layer.moving_variance.tolist()
        ([1.0], [1.0])

    Reference:
        Ioffe & Szegedy, 2015. As in Keras, momentum weighs the old value (torch's the new one) and the
        moving variance is divided by n, torch's by n − 1.
    """

    gamma: Tensor | None
    beta: Tensor | None
    moving_mean: Tensor
    moving_variance: Tensor
    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "kplug/zeros",
        gamma_initializer: InitializerLike = "kplug/ones",
        moving_mean_initializer: InitializerLike = "kplug/zeros",
        moving_variance_initializer: InitializerLike = "kplug/ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        renorm: bool = False,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "BatchNormalization"
        for name, switch in (("renorm", renorm), ("synchronized", synchronized)):
            if switch:
                raise refusal(owner, name, switch, "False; kplug does not offer it")
        self.axis = require_axis(owner, axis)
        self.momentum = require_share(owner, "momentum", momentum)
        self.epsilon = require_number(owner, "epsilon", epsilon, "a number >= 0", at_least=0.0)
        self.center, self.scale = bool(center), bool(scale)
        add_weight_slots(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        add_weight_slots(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        for name, identifier, default in (
            ("moving_mean_initializer", moving_mean_initializer, "kplug/zeros"),
            ("moving_variance_initializer", moving_variance_initializer, "kplug/ones"),
        ):
            self.add_slot(name, "initializer", identifier, default=default)
        self.gamma = self.beta = None
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Add gamma and beta, then the moving mean and variance, which are not trainable."""
        (self._axis,) = find_axes(self, self.axis, input_shape)
        size = known_size(self, input_shape, self._axis)
        self.input_spec = InputSpec(len(input_shape), axes={self._axis: size})
        if self.scale:
            self.gamma = add_slotted_weight(self, "gamma", (size,))
        if self.center:
            self.beta = add_slotted_weight(self, "beta", (size,))
        for name in ("moving_mean", "moving_variance"):
            moving = self.add_weight(name, (size,), f"{name}_initializer", trainable=False)
            setattr(self, name, moving)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the normalized inputs, shape unchanged.

        Args:
            inputs: Shape (N, …).
            mask: Shape of the inputs without the last axis; in training, mean and variance cover only
                positions where it is true.
        """
        spec = self.input_spec
        if not isinstance(spec, InputSpec) or inputs.ndim != spec.ndim:  # torch would accept it
            self._check_shapes(inputs)
        if mask is not None and self.training and self.trainable:
            return self._normalize_where(inputs, mask)
        if self._axis != inputs.ndim - 1:
            images = inputs.movedim(self._axis, 1)
            return self._normalize(images).movedim(1, self._axis)
        if inputs.ndim == 2:
            return self._normalize(inputs)
        # One row per position: a view of the inputs of any rank.
        return self._normalize(inputs.reshape(-1, inputs.shape[-1])).reshape(inputs.shape)

    def _normalize(self, inputs: Tensor) -> Tensor:
        if not (self.training and self.trainable):
            return self._run(inputs, self.moving_mean, self.moving_variance, is_batch=False)
        # torch's kernel writes the batch moments into these.
        mean, variance = torch.zeros_like(self.moving_mean), torch.zeros_like(self.moving_variance)
        outputs = self._run(inputs, mean, variance, is_batch=True)
        count = inputs.numel() // inputs.shape[1]
        if count:  # torch's variance is divided by n - 1, and no number for one value
            self._follow(mean, variance if count > 1 else mean, (count - 1) / count)
        return outputs

    def _normalize_where(self, inputs: Tensor, mask: Tensor) -> Tensor:
        if mask.ndim != inputs.ndim - 1:
            raise DataError(
                f"layer {self.name!r}: a mask of shape {tuple(mask.shape)} does not fit inputs of "
                f"shape {tuple(inputs.shape)}; it has their shape without the last axis"
            )
        kept = mask.unsqueeze(-1).expand_as(inputs)
        axes = [axis for axis in range(inputs.ndim) if axis != self._axis]
        count = kept.sum(axes, keepdim=True).clamp(min=1)  # fully masked: both are 0
        mean = inputs.where(kept, 0.0).sum(axes, keepdim=True) / count
        centered = inputs - mean
        variance = centered.where(kept, 0.0).square().sum(axes, keepdim=True) / count
        self._follow(mean.detach().flatten(), variance.detach().flatten())
        outputs = centered * torch.rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            outputs = outputs * self.gamma.view(mean.shape)
        return outputs if self.beta is None else outputs + self.beta.view(mean.shape)

    def _run(self, inputs: Tensor, mean: Tensor, variance: Tensor, is_batch: bool) -> Tensor:
        use_cudnn = torch.backends.cudnn.enabled
        return torch.batch_norm(
            inputs, self.gamma, self.beta, mean, variance, is_batch, 1.0, self.epsilon, use_cudnn
        )

    def _follow(self, mean: Tensor, variance: Tensor, factor: float = 1.0) -> None:
        share = 1.0 - self.momentum
        self.moving_mean.mul_(self.momentum).add_(mean, alpha=share)
        self.moving_variance.mul_(self.momentum).add_(variance, alpha=share * factor)
