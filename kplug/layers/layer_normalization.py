"""Normalization layers that treat each sample separately: layer, RMS, group and unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.components.arguments import require_integer, require_number
from kplug.components.types import ConstraintLike, InitializerLike, RegularizerLike
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.axes import find_axes, known_sizes, require_axes, require_axis
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots, known_size


class LayerNormalization(Layer):
    """Outputs gamma · (inputs − mean) / √(variance + epsilon) + beta, for each sample.

    Mean and variance are taken along ``axis``; gamma and beta have the sizes of these axes.

    Args:
        axis: An axis or a list of them, not the batch.

    Example:
        >>> LayerNormalization(epsilon=0.0)(torch.tensor([[1.0, 3.0]])).detach()
        tensor([[-1.,  1.]])

    Reference:
        Ba et al., 2016. The variance is divided by n; epsilon is Keras's 1e-3, torch's is 1e-5.
    """

    gamma: Tensor | None
    beta: Tensor | None
    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "kplug/zeros",
        gamma_initializer: InitializerLike = "kplug/ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "LayerNormalization"
        self.axis = require_axes(owner, axis)
        self.epsilon = require_number(owner, "epsilon", epsilon, "a number >= 0", at_least=0.0)
        self.center, self.scale = bool(center), bool(scale)
        add_weight_slots(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        add_weight_slots(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.gamma = self.beta = None
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Add gamma and beta, with the sizes of the normalized axes."""
        self._axes = find_axes(self, self.axis, input_shape)
        self._sizes = known_sizes(self, input_shape, self._axes)
        axes = dict(zip(self._axes, self._sizes, strict=True))
        self.input_spec = InputSpec(len(input_shape), axes=axes)
        if self.scale:
            self.gamma = add_slotted_weight(self, "gamma", self._sizes)
        if self.center:
            self.beta = add_slotted_weight(self, "beta", self._sizes)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized inputs, shape unchanged."""
        return _along_last(
            self._axes,
            inputs,
            lambda x: F.layer_norm(x, self._sizes, self.gamma, self.beta, self.epsilon),
        )


class RMSNormalization(Layer):
    """Outputs scale · inputs / √(mean of squares + epsilon), for each sample.

    Args:
        axis: An axis or a list of them, not the batch; ``scale`` has their sizes.

    Example:
        >>> RMSNormalization()(torch.tensor([[3.0, -3.0]])).detach()
        tensor([[ 1.0000, -1.0000]])

    Reference:
        Zhang & Sennrich, 2019.
    """

    scale: Tensor
    casts_integers = True

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = "RMSNormalization"
        self.axis = require_axes(owner, axis)
        self.epsilon = require_number(owner, "epsilon", epsilon, "a number >= 0", at_least=0.0)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Add the scale, with the sizes of the normalized axes."""
        self._axes = find_axes(self, self.axis, input_shape)
        self._sizes = known_sizes(self, input_shape, self._axes)
        axes = dict(zip(self._axes, self._sizes, strict=True))
        self.input_spec = InputSpec(len(input_shape), axes=axes)
        self.scale = self.add_weight("scale", self._sizes, "kplug/ones")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized inputs, shape unchanged."""
        return _along_last(
            self._axes,
            inputs,
            # Under autocast the types differ, where torch has only a slow path.
            lambda x: F.rms_norm(x, self._sizes, self.scale.to(x.dtype), self.epsilon),
        )


class GroupNormalization(Layer):
    """Normalizes each group of channels of each sample.

    Outputs gamma · (inputs − mean) / √(variance + epsilon) + beta; mean and variance are taken over a
    group's channels and all positions.

    Args:
        groups: Number of groups; −1 is one per channel (instance normalization).
        axis: The axis of the channels; 1 for ``"channels_first"``.

    Example:
        >>> layer = GroupNormalization(groups=2, epsilon=0.0)
        >>> layer(torch.tensor([[1.0, 3.0, 10.0, 30.0]])).detach()
        tensor([[-1.,  1., -1.,  1.]])

    Reference:
        Wu & He, 2018.
    """

    gamma: Tensor | None
    beta: Tensor | None
    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        groups: int = 32,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "kplug/zeros",
        gamma_initializer: InitializerLike = "kplug/ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner, allowed = "GroupNormalization", "an integer >= 1, or -1 for one a channel"
        self.groups = require_integer(owner, "groups", groups, allowed, at_least=-1)
        if self.groups == 0:
            raise ArgumentValueError(owner, "groups", groups, allowed)
        self.axis = require_axis(owner, axis)
        self.epsilon = require_number(owner, "epsilon", epsilon, "a number >= 0", at_least=0.0)
        self.center, self.scale = bool(center), bool(scale)
        add_weight_slots(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        add_weight_slots(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.gamma = self.beta = None
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Add gamma and beta, one value a channel."""
        (self._axis,) = find_axes(self, self.axis, input_shape)
        size = known_size(self, input_shape, self._axis)
        self._groups = size if self.groups == -1 else self.groups
        if size % self._groups:
            raise DataError(
                f"layer {self.name!r} splits channels into {self._groups} groups, its inputs of "
                f"shape {input_shape} have {size}"
            )
        self.input_spec = InputSpec(len(input_shape), axes={self._axis: size})
        if self.scale:
            self.gamma = add_slotted_weight(self, "gamma", (size,))
        if self.center:
            self.beta = add_slotted_weight(self, "beta", (size,))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized inputs, shape unchanged."""
        x, gamma = inputs.movedim(self._axis, 1), self.gamma
        if gamma is None and self.beta is not None:  # torch 2.13 lacks its gradient
            gamma = torch.ones_like(self.beta)
        if torch.is_grad_enabled() and not x.requires_grad:
            # For a channels-last view without a required gradient, torch 2.13's backward pass reads past
            # # a missing buffer and crashes.
            x = x.contiguous()
        # Not torch.nn.functional, which refuses groups of a single element.
        normed = torch.group_norm(x, self._groups, gamma, self.beta, self.epsilon)
        return normed.movedim(1, self._axis)


class UnitNormalization(Layer):
    """Outputs inputs / √(sum of squares), the sum taken along ``axis``; zeros stay zeros.

    Args:
        axis: An axis or a list of them.

    Example:
        >>> UnitNormalization()(torch.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])

    Reference:
        ``keras.layers.UnitNormalization``; ``torch.nn.functional.normalize``.
    """

    casts_integers = True
    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = require_axes("UnitNormalization", axis)

    def build(self, input_shape: Shape) -> None:
        """Find the axes."""
        self._axes = find_axes(self, self.axis, input_shape)
        self.input_spec = InputSpec(len(input_shape))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the scaled inputs, shape unchanged."""
        norm: Tensor = torch.linalg.vector_norm(inputs, dim=self._axes, keepdim=True)
        return inputs / norm.clamp(min=max(1e-12, torch.finfo(inputs.dtype).tiny))


def _along_last(
    axes: tuple[int, ...], inputs: Tensor, function: Callable[[Tensor], Tensor]
) -> Tensor:
    """Apply a function of the last axes to others."""
    ends = tuple(range(inputs.ndim - len(axes), inputs.ndim))
    if axes == ends:
        return function(inputs)
    return function(inputs.movedim(axes, ends)).movedim(ends, axes)
