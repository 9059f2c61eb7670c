"""Variance scaling, and the fans of a weight."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import DTypeLike
from kplug.components.arguments import refusal, require_choice, require_integer, require_number
from kplug.components.configurable import read_config
from kplug.initializers.base import Initializer, ShapeLike
from kplug.initializers.random import (
    RandomInitializer,
    Seed,
    draw,
    fill_truncated_normal,
    read_seed,
)

# Standard deviation of a standard normal cut at ±2, to the digits that Keras divides by.
_TRUNCATED_STDDEV = 0.87962566103423978

_MODES = ("fan_in", "fan_out", "fan_avg")
_FIXED = ("scale", "mode", "distribution")  # by a recipe
_DISTRIBUTIONS = {
    "truncated_normal": "truncated_normal",
    "normal": "truncated_normal",  # Keras's older name
    "untruncated_normal": "untruncated_normal",
    "uniform": "uniform",
}


def compute_fans(
    shape: tuple[int, ...],
    input_axes: Iterable[int] | None = None,
    output_axes: Iterable[int] | None = None,
) -> tuple[int, int]:
    """Return how many inputs feed one output of a weight, and how many outputs one input feeds.

    Args:
        shape: Shape in Keras's order: ``(in, out)`` or ``(space…, in, out)``. A vector counts as
            its length both ways, a scalar as 1.
        input_axes: Input axes, for other orders.
        output_axes: Output axes; requires ``input_axes``, and vice versa.

    Returns:
        ``(fan_in, fan_out)``.

    Example:
        >>> compute_fans((3, 3, 16, 64))
        (144, 576)

    Reference:
        Keras 3's rule. ``torch.nn.init`` reads shapes as ``(out, in, space…)``.
    """
    if input_axes is not None and output_axes is not None:
        fan_in = math.prod(shape[axis] for axis in input_axes)
        return fan_in, math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    receptive_field = math.prod(shape[:-2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


@RandomInitializer.register
class VarianceScaling(Initializer):
    """Values whose variance is ``scale / n``, with ``n`` the layer's fan.

    ``n`` is ``fan_in``, ``fan_out`` or their mean, by ``mode``, and at least 1. By
    ``distribution``: a normal cut at two standard deviations, its spread corrected for the cut;
    a normal; or ``U(-√(3·scale/n), √(3·scale/n))``.

    Args:
        scale: Factor of the variance, > 0.
        mode: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``.
        distribution: ``"truncated_normal"`` (``"normal"`` means the same), ``"untruncated_normal"``
            or ``"uniform"``.
        seed: See `RandomInitializer`.
        input_axes: Axes of the shape that count as input; given together with ``output_axes``.
        output_axes: Axes that count as output.

    Raises:
        ArgumentValueError: for a ``scale`` that is not positive, an unknown ``mode`` or
            ``distribution``, or one kind of axes without the other.

    Example:
        >>> kernel = VarianceScaling(scale=2.0, mode="fan_in", seed=1)((3, 3, 16, 64))
        >>> round(kernel.std().item(), 2), round((2 / 144) ** 0.5, 2)
        (0.12, 0.12)

    Reference:
        He et al., 2015; Glorot & Bengio, 2010. Keras 3's ``VarianceScaling``;
        ``torch.nn.init.kaiming_normal_`` draws from an uncut normal and reads the fans from
        torch's order of the shape.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        self.scale = require_number(self, "scale", scale, "a finite number > 0", above=0.0)
        self.mode = require_choice(self, "mode", mode, _MODES)
        self.distribution = require_choice(self, "distribution", distribution, _DISTRIBUTIONS)
        self.input_axes = _check_axes(self, "input_axes", input_axes)
        self.output_axes = _check_axes(self, "output_axes", output_axes)
        if (input_axes is None) != (output_axes is None):
            missing = "input_axes" if input_axes is None else "output_axes"
            other = "output_axes" if input_axes is None else "input_axes"
            allowed = f"a list of axes, because {other} is given"
            raise refusal(self, missing, None, allowed)
        self.seed = read_seed(self, seed)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create the initializer; recipes also accept Keras 2's form, a `VarianceScaling` config.

        Raises:
            ArgumentValueError: if that form describes another recipe.
        """
        config = read_config(cls, config)
        known = inspect.signature(cls).parameters
        fixed = {key: config[key] for key in _FIXED if key in config and key not in known}
        made = super().from_config({key: config[key] for key in config if key not in fixed})
        for key, value in fixed.items():
            own = getattr(made, key)
            if _DISTRIBUTIONS.get(value, value) != own:
                raise refusal(made, key, value, repr(own))
        return made

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return values drawn for the shape."""
        return draw(self, shape, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; the axes only if given, so that any Keras can read the config."""
        config = super().get_config()
        return {k: v for k, v in config.items() if not k.endswith("_axes") or v is not None}

    def fill(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with values of the variance for the shape."""
        variance = self.scale / self._count_fan(tuple(values.shape))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            values.uniform_(-limit, limit, generator=generator)
        elif self.distribution == "untruncated_normal":
            values.normal_(0.0, math.sqrt(variance), generator=generator)
        else:
            stddev = math.sqrt(variance) / _TRUNCATED_STDDEV
            fill_truncated_normal(values, 0.0, stddev, generator)

    def _count_fan(self, shape: tuple[int, ...]) -> float:
        for name in ("input_axes", "output_axes"):
            axes = getattr(self, name) or []
            if any(not -len(shape) <= axis < len(shape) for axis in axes):
                allowed = f"axes of the shape {shape}"
                raise refusal(self, name, axes, allowed)
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}
        return max(1.0, fans[self.mode])


def with_fan_axes(
    initializer: Initializer, axes: tuple[Sequence[int], Sequence[int]] | None
) -> Initializer:
    """Return an initializer that computes fans along the axes of its layer.

    Args:
        initializer: Returned unchanged, unless it scales by fans and has no axes.
        axes: Axes that count as input, and axes that count as output; ``None`` changes nothing.
    """
    if axes is None or not isinstance(initializer, VarianceScaling):
        return initializer
    if initializer.input_axes is not None:
        return initializer
    told = copy.copy(initializer)
    told.input_axes, told.output_axes = list(axes[0]), list(axes[1])
    return told


def _check_axes(owner: object, argument: str, axes: object) -> list[int] | None:
    if axes is None:
        return None
    allowed = "None or a list of integers"
    if not isinstance(axes, Iterable) or isinstance(axes, str):
        raise refusal(owner, argument, axes, allowed)
    return [require_integer(owner, argument, axis, allowed) for axis in axes]
