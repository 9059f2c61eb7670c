"""Layers that upsample sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kplug.backend.sliding_windows import enlarge
from kplug.components.arguments import require_choice, require_integer
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes, require_window
from kplug.ops.pictures.layout import as_floats


class UpSampling1D(Layer):
    """Repeats each time step of sequences.

    Args:
        size: Number of repetitions.

    Example:
        >>> import torch
        >>> UpSampling1D(3)(torch.tensor([[[0.0], [1.0]]])).flatten()
        tensor([0., 0., 0., 1., 1., 1.])

    Reference:
        ``keras.layers.UpSampling1D``; sequences have their channels last.
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = require_integer("UpSampling1D", "size", size, "an integer >= 1", at_least=1)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the longer sequences, (N, time · size, channels)."""
        return enlarge(inputs, (self.size,), first_axis=1)


class UpSampling2D(Layer):
    """Upsamples images by integer factors.

    Args:
        size: Factors of height and width.
        interpolation: ``"nearest"`` repeats pixels; ``"bilinear"`` takes pixel i of the result from
            (i + 0.5) / factor − 0.5, as tf-keras and Keras 3 do; ``"legacy_bilinear"`` from i / factor,
            as Keras 2 did.

    Example:
        >>> import torch
        >>> UpSampling2D((1, 2))(torch.tensor([[[[0.0], [1.0]]]])).flatten()
        tensor([0., 0., 1., 1.])

    Reference:
        ``keras.layers.UpSampling2D``; ``torch.nn.Upsample``.
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner, known = "UpSampling2D", ("nearest", "bilinear", "legacy_bilinear")
        self._spatial = SpatialAxes(owner, 2, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self.size = require_window(owner, "size", size, 2)
        self.interpolation = require_choice(owner, "interpolation", interpolation, known)
        self._factors = [float(factor) for factor in self.size]

    def call(self, inputs: Tensor) -> Tensor:
        """Return the enlarged images, in their layout."""
        is_legacy = self.interpolation == "legacy_bilinear"
        resize = self._enlarge_legacy if is_legacy else self._enlarge
        if inputs.is_floating_point():
            return self._spatial.apply(resize, inputs)
        if self.interpolation == "nearest":
            return enlarge(inputs, self.size, first_axis=self._spatial.positions[0])
        return self._spatial.apply(lambda images: as_floats(resize, images), inputs)

    def _enlarge(self, images: Tensor) -> Tensor:
        align = None if self.interpolation == "nearest" else False
        return F.interpolate(
            images, scale_factor=self._factors, mode=self.interpolation, align_corners=align
        )

    def _enlarge_legacy(self, images: Tensor) -> Tensor:
        # With one pixel more at each end, both corners are aligned: pixel i comes from i / factor.
        longer = F.pad(images, (0, 1, 0, 1), mode="replicate")
        sizes = [
            length * factor for length, factor in zip(images.shape[2:], self.size, strict=True)
        ]
        made = F.interpolate(
            longer, size=[size + 1 for size in sizes], mode="bilinear", align_corners=True
        )
        return made[:, :, : sizes[0], : sizes[1]]


class UpSampling3D(Layer):
    """Upsamples volumes by integer factors; each cell is repeated.

    Args:
        size: Factors of depth, height and width.

    Example:
        >>> import torch
        >>> UpSampling3D((1, 1, 2))(torch.tensor([[[[[0.0], [1.0]]]]])).flatten()
        tensor([0., 0., 1., 1.])

    Reference:
        ``keras.layers.UpSampling3D``; ``torch.nn.Upsample``.
    """

    def __init__(
        self, size: int | Sequence[int] = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._spatial = SpatialAxes("UpSampling3D", 3, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self.size = require_window("UpSampling3D", "size", size, 3)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the enlarged volumes, in their layout."""
        return enlarge(inputs, self.size, first_axis=self._spatial.positions[0])
