"""Regularization layers: dropout, and activity penalties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor

from kplug.backend.nn import dropout_mask
from kplug.components.arguments import require_number, require_share
from kplug.layers.base.constructor_arguments import refuse_keywords
from kplug.layers.base.layer import Layer
from kplug.layers.base.seeds import make_seeded_generator, read_noise_shape
from kplug.layers.base.spatial import SpatialAxes
from kplug.registry import Range, search_ranges
from kplug.regularizers import L1L2


@search_ranges(rate=Range(0.0, 0.5))
class Dropout(Layer):
    """Sets random inputs to 0 in training and scales up the rest; passes inputs through otherwise.

    outputs = inputs · keep / (1 − rate), where keep is 0 with probability ``rate``, else 1.

    Args:
        rate: Probability of dropping a value, in [0, 1].

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
        self.rate = require_share("Dropout", "rate", rate)
        self.noise_shape = read_noise_shape("Dropout", noise_shape)
        self.seed, self._generator = make_seeded_generator("Dropout", seed)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs, a part of them dropped in training; shape unchanged."""
        if not self.training or self.rate == 0.0:
            return inputs
        if self.noise_shape is None and self._generator is None:
            return F.dropout(inputs, self.rate, training=True)
        return inputs * dropout_mask(inputs, self.rate, self.noise_shape, self._generator)


@search_ranges(rate=Range(0.0, 0.5))
class SpatialDropout(Layer):
    """Base class of the spatial dropout layers.

    Args:
        rate: Probability of dropping a channel, in [0, 1].

    Reference:
        Tompson et al., 2015; torch's ``Dropout1d`` and so on, for channels first.
    """

    rank: ClassVar[int]
    supports_masking = True

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = spatial.data_format, spatial.input_spec
        self.rate = require_share(owner, "rate", rate)
        self.seed, self._generator = make_seeded_generator(owner, seed)
        ones = [1] * self.rank
        self._noise_shape = (None, *ones, None) if spatial.is_channels_last else (None, None, *ones)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs, a part of the channels dropped in training; shape unchanged."""
        if inputs.ndim != len(self._noise_shape):
            self._check_shapes(inputs)
        if not self.training:
            return inputs
        return inputs * dropout_mask(inputs, self.rate, self._noise_shape, self._generator)


class SpatialDropout1D(SpatialDropout):
    """Drops whole channels of sequences (N, time, channels) in training; scales up the rest.

    Example:
        >>> import torch
        >>> layer = SpatialDropout1D(0.5)
        >>> sorted({len(set(row)) for row in layer(torch.ones(1, 3, 8), training=True)[0].T.tolist()})
        [1]
    """

    rank = 1

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        refuse_keywords(type(self), kwargs.keys() & {"data_format"})
        super().__init__(rate, "channels_last", seed, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["data_format"]
        return config


class SpatialDropout2D(SpatialDropout):
    """Drops whole channels of images in training and scales up the rest.

    Example:
        >>> import torch
        >>> SpatialDropout2D(0.5)(torch.ones(1, 1, 1, 2))
        tensor([[[[1., 1.]]]])
    """

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """Drops whole channels of volumes in training and scales up the rest.

    Example:
        >>> import torch
        >>> SpatialDropout3D(0.5)(torch.ones(1, 1, 1, 1, 2))
        tensor([[[[[1., 1.]]]]])
    """

    rank = 3


class ActivityRegularization(Layer):
    """Returns its inputs and adds l1 · Σ|x| + l2 · Σx² to the loss, divided by the batch size.

    Args:
        l1: Factor of the absolute values, >= 0.
        l2: Factor of the squares, >= 0.

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
        penalty = L1L2(
            l1=require_number(owner, "l1", l1, allowed, at_least=0.0),
            l2=require_number(owner, "l2", l2, allowed, at_least=0.0),
        )
        super().__init__(activity_regularizer=penalty, **kwargs)
        self.l1, self.l2 = penalty.l1, penalty.l2

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["activity_regularizer"]  # derived from l1 and l2
        return config
