"""The six recipes of variance scaling that have names: Lecun's, Glorot's and He's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, final

from typing_extensions import Self

from kplug.configurable import declared_name
from kplug.errors import ArgumentValueError
from kplug.initializers.random import Seed
from kplug.initializers.scaling import DISTRIBUTIONS, VarianceScaling


class _Recipe(VarianceScaling):
    """A VarianceScaling whose scale, mode and distribution are fixed by a paper."""

    _fixed: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        super().__init__(*self._fixed, seed=seed, input_axes=input_axes, output_axes=output_axes)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the initializer; Keras 2's ``VarianceScaling`` form is understood, too.

        Raises:
            ArgumentValueError: if that form describes another recipe than this one.
        """
        rest = dict(config)
        for key, fixed in zip(("scale", "mode", "distribution"), cls._fixed, strict=True):
            given = rest.pop(key, fixed)
            if DISTRIBUTIONS.get(given, given) != fixed:
                raise ArgumentValueError(declared_name(cls), key, given, f"{fixed!r}")
        return super().from_config(rest)


@final
class LecunNormal(_Recipe):
    """Truncated normal values of variance ``1 / fan_in``.

    Args:
        seed: None for fresh values at each call, an int for the same ones, or a torch.Generator.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Example:
        >>> kernel = LecunNormal(seed=1)((1024, 1024))
        >>> round(kernel.std().item() * 1024**0.5, 2)
        1.0

    Reference:
        LeCun et al., 1998, "Efficient BackProp"; Klambauer et al., 2017, for ``selu``.
    """

    _fixed = (1.0, "fan_in", "truncated_normal")


@final
class LecunUniform(_Recipe):
    """Uniform values of variance ``1 / fan_in``, between ``±√(3 / fan_in)``.

    Args:
        seed: None for fresh values at each call, an int for the same ones, or a torch.Generator.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Example:
        >>> LecunUniform()((3, 1000)).abs().max().item() <= 1.0
        True

    Reference:
        LeCun et al., 1998, "Efficient BackProp".
    """

    _fixed = (1.0, "fan_in", "uniform")


@final
class GlorotNormal(_Recipe):
    """Truncated normal values of variance ``2 / (fan_in + fan_out)``.

    Args:
        seed: None for fresh values at each call, an int for the same ones, or a torch.Generator.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Example:
        >>> kernel = GlorotNormal(seed=1)((1024, 1024))
        >>> round(kernel.std().item() * 1024**0.5, 2)
        1.0

    Reference:
        Glorot & Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
        networks". ``torch.nn.init.xavier_normal_`` draws from an uncut normal.
    """

    _fixed = (1.0, "fan_avg", "truncated_normal")


@final
class GlorotUniform(_Recipe):
    """Uniform values of variance ``2 / (fan_in + fan_out)``: Keras's default for kernels.

    They lie between ``±√(6 / (fan_in + fan_out))``.

    Args:
        seed: None for fresh values at each call, an int for the same ones, or a torch.Generator.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Example:
        >>> GlorotUniform()((2, 4)).abs().max().item() <= 1.0
        True

    Reference:
        Glorot & Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
        networks".
    """

    _fixed = (1.0, "fan_avg", "uniform")


@final
class HeNormal(_Recipe):
    """Truncated normal values of variance ``2 / fan_in``, for layers followed by ``relu``.

    Args:
        seed: None for fresh values at each call, an int for the same ones, or a torch.Generator.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Example:
        >>> kernel = HeNormal(seed=1)((3, 3, 16, 64))
        >>> abs(kernel.std().item() - (2 / (3 * 3 * 16)) ** 0.5) < 0.002
        True

    Reference:
        He et al., 2015, "Delving deep into rectifiers". ``torch.nn.init.kaiming_normal_`` draws
        from an uncut normal.
    """

    _fixed = (2.0, "fan_in", "truncated_normal")


@final
class HeUniform(_Recipe):
    """Uniform values of variance ``2 / fan_in``, between ``±√(6 / fan_in)``.

    Args:
        seed: None for fresh values at each call, an int for the same ones, or a torch.Generator.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Example:
        >>> HeUniform()((6, 100)).abs().max().item() <= 1.0
        True

    Reference:
        He et al., 2015, "Delving deep into rectifiers".
    """

    _fixed = (2.0, "fan_in", "uniform")
