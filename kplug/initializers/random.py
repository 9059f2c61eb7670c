"""Initializers with independent values: normal, uniform and truncated normal."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, final

import torch
from torch import Tensor

from kplug.backend import DTypeLike, to_dtype
from kplug.backend.random import SeedGenerator
from kplug.components.arguments import refusal, require_integer, require_number
from kplug.initializers.base import Initializer, ShapeLike, as_shape
from kplug.registry import named

# Probability that a standard normal value lies within 2 standard deviations; torch.erf of sqrt(2).
_WITHIN_TWO_SIGMA = math.erf(math.sqrt(2.0))
_NOT_NEGATIVE = "a finite number >= 0"

Seed: TypeAlias = "int | torch.Generator | SeedGenerator | Mapping[str, Any] | None"


Allocate: TypeAlias = Callable[[tuple[int, ...], torch.dtype], Tensor]


class Drawing(Protocol):
    """The interface of an initializer for `draw`."""

    seed: int | torch.Generator | None

    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Overwrite ``values`` (float32 or float64, any shape) with drawn ones.

        Args:
            values: The tensor to fill; its shape is the weight's, in Keras's order.
            generator: The source of the draws; None is torch's global generator.
        """


def _allocate(sizes: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    return torch.empty(sizes, dtype=dtype)


def draw(
    initializer: Drawing,
    shape: ShapeLike,
    dtype: DTypeLike = None,
    allocate: Allocate = _allocate,
) -> Tensor:
    """Return values for a shape, drawn by the initializer's `fill` with its seed.

    Args:
        initializer: The initializer, which fills a tensor.
        shape: Shape of the weight.
        dtype: A floating-point type; None means ``kplug.backend.floatx()``.
        allocate: Allocates the tensor to fill, in the memory order for drawing.
    """
    sizes, target = as_shape(initializer, shape), to_dtype(dtype)
    if not target.is_floating_point:
        raise refusal(initializer, "dtype", dtype, "a floating-point type")
    # Half precision is drawn in float32 and rounded once: native draws are coarse.
    working = target if target in (torch.float32, torch.float64) else torch.float32
    values = allocate(sizes, working)
    generator = _make_generator(initializer.seed, values.device)
    if generator is None or generator.device.type == values.device.type:
        initializer.fill(values, generator)
        return values.to(target)
    with generator.device:
        drawn = allocate(sizes, working)
    initializer.fill(drawn, generator)
    return values.copy_(drawn).to(target)


class RandomInitializer(Initializer):
    """Base class of random initializers; subclasses implement `fill`.

    Args:
        seed: None draws fresh values at each call from torch's global generator, so that
            ``torch.manual_seed`` controls them. An int draws the same values at each call. A
            ``torch.Generator`` draws its next ones; a configuration records where it started, in the
            form of Keras's ``SeedGenerator``, which is read as well.

    Raises:
        ArgumentValueError: for a seed that is none of these; at the call, for a data type without
            fractions.

    Reference:
        Keras 3 fixes the seed of an unseeded initializer at construction, so that two layers sharing
        an instance start with the same weights. kplug does not.
    """

    def __init__(self, seed: Seed = None) -> None:
        self.seed = read_seed(self, seed)

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return values drawn for the shape."""
        return draw(self, shape, dtype)

    @abstractmethod
    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """See `Drawing.fill`."""


@named("random_normal", "normal")
@final
class RandomNormal(RandomInitializer):
    """Normal values: ``N(mean, stddev²)``.

    Args:
        mean: Mean.
        stddev: Standard deviation, >= 0.
        seed: See `RandomInitializer`.

    Example:
        >>> values = RandomNormal(mean=1.0, stddev=0.01, seed=7)((1000,))
        >>> round(values.mean().item(), 2)
        1.0

    Reference:
        Keras's ``RandomNormal`` (also ``random_normal``, ``normal``). With a seed, the values are
        those of Keras 3 on torch.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        self.mean = require_number(self, "mean", mean)
        self.stddev = require_number(self, "stddev", stddev, _NOT_NEGATIVE, at_least=0.0)
        super().__init__(seed)

    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with normal values."""
        values.normal_(self.mean, self.stddev, generator=generator)


@named("random_uniform", "uniform")
@final
class RandomUniform(RandomInitializer):
    """Uniform values between ``minval`` and ``maxval``.

    Args:
        minval: Lower bound.
        maxval: Upper bound, >= ``minval``.
        seed: See `RandomInitializer`.

    Example:
        >>> values = RandomUniform(minval=0.0, maxval=0.1)((1000,))
        >>> 0.0 <= values.min().item() <= values.max().item() <= 0.1
        True

    Reference:
        Keras's ``RandomUniform`` (also ``random_uniform``, ``uniform``). With a seed, the values
        are those of Keras 3 on torch.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Seed = None) -> None:
        self.minval = require_number(self, "minval", minval)
        allowed = f"a finite number >= minval ({self.minval:g})"
        self.maxval = require_number(self, "maxval", maxval, allowed, at_least=self.minval)
        super().__init__(seed)

    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with uniform values."""
        values.uniform_(self.minval, self.maxval, generator=generator)


@final
class TruncatedNormal(RandomInitializer):
    """Normal values of which those beyond two standard deviations are drawn again.

    ``N(mean, stddev²)`` restricted to ``[mean - 2·stddev, mean + 2·stddev]``. The standard
    deviation of the result is therefore ``0.8796·stddev``; it is not corrected, as in Keras.

    Args:
        mean: Mean.
        stddev: Standard deviation before the cut, >= 0.
        seed: See `RandomInitializer`.

    Example:
        >>> values = TruncatedNormal(stddev=1.0)((1000,))
        >>> values.abs().max().item() <= 2.0
        True

    Reference:
        Keras's ``TruncatedNormal``. ``torch.nn.init.trunc_normal_`` cuts at ``±2`` whatever the
        standard deviation is.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        self.mean = require_number(self, "mean", mean)
        self.stddev = require_number(self, "stddev", stddev, _NOT_NEGATIVE, at_least=0.0)
        super().__init__(seed)

    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with truncated normal values."""
        fill_truncated_normal(values, self.mean, self.stddev, generator)


def fill_truncated_normal(
    values: Tensor, mean: float, stddev: float, generator: torch.Generator | None
) -> None:
    """Fill with ``N(mean, stddev²)`` cut at two standard deviations.

    One uniform draw per value through the inverse normal distribution: the same law as
    rejection sampling, in one pass, and the same values with every version of torch.
    """
    values.uniform_(-_WITHIN_TWO_SIGMA, _WITHIN_TWO_SIGMA, generator=generator)
    values.erfinv_().mul_(stddev * math.sqrt(2.0))
    if mean:
        values.add_(mean)
    # Rounding in erfinv may pass the bound by an ulp.
    values.clamp_(mean - 2.0 * stddev, mean + 2.0 * stddev)


def read_seed(owner: object, seed: object) -> int | torch.Generator | None:
    """Return a seed, or the generator that Keras's ``SeedGenerator`` describes.

    Raises:
        ArgumentValueError: for an invalid seed.
    """
    if seed is None or isinstance(seed, torch.Generator):
        return seed
    if isinstance(seed, SeedGenerator):
        return torch.Generator().manual_seed(int(seed.state[0]))
    if isinstance(seed, Mapping) and seed.get("class_name") == "SeedGenerator":
        start = dict(seed.get("config") or {}).get("seed")
        return torch.Generator().manual_seed(_check_seed(owner, start))
    return _check_seed(owner, seed)


def _make_generator(
    seed: int | torch.Generator | None, device: torch.device
) -> torch.Generator | None:
    if seed is None or device.type == "meta":
        return None
    if isinstance(seed, torch.Generator):
        return seed
    return torch.Generator(device).manual_seed(seed)


def _check_seed(owner: object, seed: object) -> int:
    allowed = "None, an integer from 0 to 2**64 - 1, or a torch.Generator"
    number = require_integer(owner, "seed", seed, allowed)
    if not 0 <= number < 2**64:
        raise refusal(owner, "seed", seed, allowed)
    return number
