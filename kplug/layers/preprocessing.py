"""``Rescaling`` and ``Normalization``: layers that scale input data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import is_number, refusal, require_flag, require_number
from kplug.errors import ArgumentError, DataError
from kplug.graph import Shape
from kplug.layers.base.axes import known_sizes, require_integers
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.sample_batches import iterate_batches

Numbers: TypeAlias = "float | list[Any]"


class Rescaling(Layer):
    """Outputs inputs · scale + offset.

    Args:
        scale: A number, or numbers that broadcast with the last axes of the inputs.
        offset: A number, or numbers, likewise.

    Example:
        >>> Rescaling(1 / 255)(torch.tensor([[0, 51]], dtype=torch.uint8))
        tensor([[0.0000, 0.2000]])

    Reference:
        ``keras.layers.Rescaling``.
    """

    casts_integers = True
    supports_masking = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _as_numbers("Rescaling", "scale", scale)
        self.offset = _as_numbers("Rescaling", "offset", offset)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the scaled inputs; the shape is unchanged where the numbers fit into it."""
        return inputs * _like(inputs, self.scale) + _like(inputs, self.offset)


class Normalization(Layer):
    """Outputs (inputs − mean) / √variance; mean and variance are given, or adapted to data.

    Args:
        axis: The axis, or axes, with a mean and a variance for each position; all others, with the batch,
            are averaged over. ``None`` is one mean and variance for all.
        mean: The mean: a number, or numbers that broadcast with the sizes of the axes; ``None`` until
            ``adapt`` finds it.
        variance: The variance, likewise; given together with ``mean``.
        invert: Whether to output inputs · √variance + mean instead.

    Raises:
        ArgumentValueError: An argument is outside its range.
        ArgumentError: Only one of ``mean`` and ``variance`` is given.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt([[1.0], [3.0]])
        >>> layer(torch.tensor([[5.0]]))
        tensor([[3.]])

    Reference:
        ``keras.layers.Normalization``. Adapted values are weights, in Keras's order: mean, variance
        and a count that is always 0.
    """

    casts_integers = True
    supports_masking = True
    _constants: tuple[Any, Tensor, Tensor] | None = None

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "Normalization"
        allowed = "None, an integer, or a list of them"
        given = () if axis is None else axis
        self.axis = require_integers(owner, "axis", given, allowed, at_least=0)
        if (mean is None) is not (variance is None):
            raise ArgumentError(
                "Normalization takes mean and variance together, got only one of them",
                hint="Give both, or neither and call adapt(data).",
            )
        self.input_mean = None if mean is None else _as_numbers(owner, "mean", mean)
        self.input_variance = None if variance is None else _as_numbers(owner, "variance", variance)
        if self.input_variance is not None and np.any(np.asarray(self.input_variance) < 0):
            raise refusal(owner, "variance", variance, "numbers >= 0")
        self.invert = require_flag(owner, "invert", invert)

    def build(self, input_shape: Shape) -> None:
        """Add mean and variance as non-trainable weights, unless they were given."""
        ndim = len(input_shape)
        if any(not -ndim <= axis < ndim for axis in self.axis):
            raise DataError(
                f"layer {self.name!r} has a mean along axis {self.axis}, its inputs of shape "
                f"{input_shape} have {ndim} axes"
            )
        kept = sorted({axis % ndim for axis in self.axis})
        sizes = known_sizes(self, input_shape, kept)
        found = dict(zip(kept, sizes, strict=True))
        self._sizes = sizes
        self._spread = [found.get(axis, 1) for axis in range(ndim)]
        self._averaged = [axis for axis in range(ndim) if axis not in found]
        self.input_spec = InputSpec(ndim, axes=found)
        self._check_given(sizes)
        if self.input_mean is None:
            self.mean = self.add_weight("mean", sizes, "kplug/zeros", trainable=False)
            self.variance = self.add_weight("variance", sizes, "kplug/ones", trainable=False)
            self.count = self.add_weight("count", (), "kplug/zeros", trainable=False, dtype="int32")

    def _check_given(self, sizes: tuple[int, ...]) -> None:
        for name, given in (("mean", self.input_mean), ("variance", self.input_variance)):
            shape = np.shape([] if given is None else given)
            fits = zip(reversed(shape), reversed(sizes), strict=False)
            if given is not None and (
                len(shape) > len(sizes) or any(one not in (1, size) for one, size in fits)
            ):
                raise DataError(
                    f"layer {self.name!r} was given a {name} of shape {shape}, which does not "
                    f"broadcast with the sizes {sizes} of axis {self.axis}"
                )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized inputs, shape unchanged."""
        if self.input_mean is None:
            mean, spread = self._spread_out(self.mean, self.variance)
        else:
            mean, spread = self._find_constants(inputs)
        return mean + inputs * spread if self.invert else (inputs - mean) / spread

    def _spread_out(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and √variance in shapes that broadcast with the inputs."""
        spread = variance.reshape(self._spread).sqrt().clamp(min=epsilon())
        return mean.reshape(self._spread), spread

    def _find_constants(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the same of the given numbers, made once for each type and device."""
        key = inputs.dtype, inputs.device, epsilon()
        if self._constants is None or self._constants[0] != key:
            mean, variance = (
                torch.broadcast_to(_like(inputs, given), self._sizes)
                for given in (self.input_mean, self.input_variance)
            )
            self._constants = key, *self._spread_out(mean, variance)
        return self._constants[1:]

    def adapt(self, data: Any) -> None:
        """Compute mean and variance of data; those of an earlier call are replaced.

        Args:
            data: An array or a tensor whose first axis is the batch; or an iterable of batches, such
                as a ``DataLoader``. A batch that is a tuple holds its inputs first.

        Raises:
            ArgumentError: Mean and variance were given to the constructor.
            DataError: There is no data, it has NaN, or a batch does not fit.
        """
        if self.input_mean is not None:
            raise ArgumentError(
                f"layer {self.name!r} was given its mean and variance; adapt() would change nothing",
                hint="Make it without mean= and variance=.",
            )
        count, mean, squares = 0, torch.zeros(()), torch.zeros(())
        for batch in iterate_batches(data, self.name):
            self._accept(tuple(batch.shape))
            number = math.prod(batch.shape[axis] for axis in self._averaged)
            if number == 0:
                continue
            values = batch.to(torch.float64)
            own = values.mean(dim=self._averaged) if self._averaged else values
            spread = (values - own.reshape(self._spread)).square()
            own_squares = spread.sum(dim=self._averaged) if self._averaged else spread
            total = count + number
            squares = squares + own_squares + (own - mean).square() * (count * number / total)
            mean = mean + (own - mean) * (number / total)
            count = total
        if not count:
            raise DataError(f"layer {self.name!r} cannot adapt to data without samples")
        self._ensure_values()
        with torch.no_grad():
            self.mean.copy_(mean)
            self.variance.copy_(squares / count)

    def _accept(self, shape: tuple[int, ...]) -> None:
        if shape[1:] == () and self.axis:
            raise DataError(
                f"layer {self.name!r} has a mean along axis {self.axis}, it was given one column of shape "
                f"{shape}",
                hint="Give a table of one column, adapt(table[['age']]), or an array of shape (N, 1); or "
                "make the layer with axis=None.",
            )
        if not self.built:
            self.build_for((None, *shape[1:]))
        self._require_shape(shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; what was adapted is in the weights."""
        return {
            **super().get_config(),
            "mean": self.input_mean,
            "variance": self.input_variance,
        }


def _as_numbers(owner: str, argument: str, value: Any) -> Numbers:
    """Return a number, or numbers as nested lists, which a configuration can hold."""
    if is_number(value):
        return require_number(owner, argument, value)
    try:
        array = np.asarray(
            value.detach().cpu() if isinstance(value, Tensor) else value, dtype=float
        )
    except (TypeError, ValueError):
        array = np.asarray(math.nan)
    if not array.size or not np.isfinite(array).all():
        raise refusal(owner, argument, value, "a finite number, or an array of them")
    numbers: Numbers = array.tolist()
    return numbers


def _like(inputs: Tensor, numbers: Any) -> Tensor:
    return torch.as_tensor(numbers, dtype=inputs.dtype, device=inputs.device)
