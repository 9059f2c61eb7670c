"""The six named cases of variance scaling: Lecun's, Glorot's and He's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from kplug.initializers.random import Seed
from kplug.initializers.scaling import VarianceScaling


@final
class LecunNormal(VarianceScaling):
    """Truncated normal values of variance ``1 / fan_in``.

    Args:
        seed, input_axes, output_axes: See `VarianceScaling`.

    Example:
        >>> kernel = LecunNormal(seed=1)((1024, 1024))
        >>> round(kernel.std().item() * 1024**0.5, 2)
        1.0

    Reference:
        LeCun et al., 1998, "Efficient BackProp"; Klambauer et al., 2017, for ``selu``.
    """

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@final
class LecunUniform(VarianceScaling):
    """Uniform values of variance ``1 / fan_in``, between ``±√(3 / fan_in)``.

    Args:
        seed, input_axes, output_axes: See `VarianceScaling`.

    Example:
        >>> LecunUniform()((3, 1000)).abs().max().item() <= 1.0
        True

    Reference:
        LeCun et al., 1998, "Efficient BackProp".
    """

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


@final
class GlorotNormal(VarianceScaling):
    """Truncated normal values of variance ``2 / (fan_in + fan_out)``.

    Args:
        seed, input_axes, output_axes: See `VarianceScaling`.

    Example:
        >>> kernel = GlorotNormal(seed=1)((1024, 1024))
        >>> round(kernel.std().item() * 1024**0.5, 2)
        1.0

    Reference:
        Glorot & Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
        networks". ``torch.nn.init.xavier_normal_`` draws from an uncut normal.
    """

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


@final
class GlorotUniform(VarianceScaling):
    """Uniform values of variance ``2 / (fan_in + fan_out)``: Keras's default for kernels.

    They lie between ``±√(6 / (fan_in + fan_out))``.

    Args:
        seed, input_axes, output_axes: See `VarianceScaling`.

    Example:
        >>> GlorotUniform()((2, 4)).abs().max().item() <= 1.0
        True

    Reference:
        Glorot & Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
        networks".
    """

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


@final
class HeNormal(VarianceScaling):
    """Truncated normal values of variance ``2 / fan_in``, for layers followed by ``relu``.

    Args:
        seed, input_axes, output_axes: See `VarianceScaling`.

    Example:
        >>> kernel = HeNormal(seed=1)((3, 3, 16, 64))
        >>> abs(kernel.std().item() - (2 / (3 * 3 * 16)) ** 0.5) < 0.002
        True

    Reference:
        He et al., 2015, "Delving deep into rectifiers". ``torch.nn.init.kaiming_normal_`` draws
        from an uncut normal.
    """

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@final
class HeUniform(VarianceScaling):
    """Uniform values of variance ``2 / fan_in``, between ``±√(6 / fan_in)``.

    Args:
        seed, input_axes, output_axes: See `VarianceScaling`.

    Example:
        >>> HeUniform()((6, 100)).abs().max().item() <= 1.0
        True

    Reference:
        He et al., 2015, "Delving deep into rectifiers".
    """

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Iterable[int] | None = None,
        output_axes: Iterable[int] | None = None,
    ) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)
