"""``torch.nn.init``'s initializers for Keras's shapes: ``torch/kaiming_uniform`` and the others."""

from __future__ import annotations

__kplug_keras_module__ = ""  # same-named classes here draw as torch does

import math
from typing import final

import torch
from torch import Tensor
from torch.nn import init

from kplug.components.arguments import (
    refusal,
    require_choice,
    require_integer,
    require_number,
    require_share,
)
from kplug.initializers.random import Seed
from kplug.initializers.torch_function import TorchInitializer

_NOT_NEGATIVE = "a finite number >= 0"
_MODES = ("fan_in", "fan_out")
_LINEAR = ("linear", *(f"conv{way}{n}d" for way in ("", "_transpose") for n in (1, 2, 3)))
_NONLINEARITIES = (*_LINEAR, "sigmoid", "tanh", "relu", "leaky_relu", "selu")


@final
class Uniform(TorchInitializer, function=init.uniform_):
    """Uniform values between ``a`` and ``b``: ``torch.nn.init.uniform_``.

    Args:
        a: Lower bound.
        b: Upper bound, >= ``a``.
        seed: See `RandomInitializer`.

    Example:
        >>> 0.0 <= Uniform()((3, 4)).min().item() <= 1.0
        True

    Reference:
        Keras's ``RandomUniform`` has the bounds ±0.05.
    """

    ranks = range(65)

    def __init__(self, a: float = 0.0, b: float = 1.0, seed: Seed = None) -> None:
        self.a = require_number(self, "a", a)
        self.b = require_number(self, "b", b, f"a finite number >= a ({a:g})", at_least=self.a)
        super().__init__(seed)


@final
class Normal(TorchInitializer, function=init.normal_):
    """Normal values ``N(mean, std²)``: ``torch.nn.init.normal_``.

    Args:
        mean: Mean.
        std: Standard deviation, >= 0.
        seed: See `RandomInitializer`.

    Example:
        >>> round(Normal(std=0.1, seed=1)((1000,)).std().item(), 1)
        0.1

    Reference:
        Keras's ``RandomNormal`` has the standard deviation 0.05.
    """

    ranks = range(65)

    def __init__(self, mean: float = 0.0, std: float = 1.0, seed: Seed = None) -> None:
        self.mean = require_number(self, "mean", mean)
        self.std = require_number(self, "std", std, _NOT_NEGATIVE, at_least=0.0)
        super().__init__(seed)


@final
class TruncNormal(TorchInitializer, function=init.trunc_normal_):
    """Normal values ``N(mean, std²)`` cut at ``a`` and ``b``: ``torch.nn.init.trunc_normal_``.

    Args:
        mean: Mean.
        std: Standard deviation, > 0.
        a: Lower bound, an absolute value.
        b: Upper bound, > ``a``.
        seed: See `RandomInitializer`.

    Example:
        >>> TruncNormal(std=5.0)((1000,)).abs().max().item() <= 2.0
        True

    Reference:
        The bounds are values, where Keras's ``TruncatedNormal`` counts standard deviations.
    """

    ranks = range(65)

    def __init__(
        self,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
        seed: Seed = None,
    ) -> None:
        self.mean = require_number(self, "mean", mean)
        self.std = require_number(self, "std", std, "a finite number > 0", above=0.0)
        self.a = require_number(self, "a", a)
        self.b = require_number(self, "b", b, f"a finite number > a ({a:g})", above=self.a)
        super().__init__(seed)


@final
class XavierUniform(TorchInitializer, function=init.xavier_uniform_):
    """Uniform values between ``±gain·√(6 / (fan_in + fan_out))``: ``torch.nn.init.xavier_uniform_``.

    Args:
        gain: Factor, >= 0.
        seed: See `RandomInitializer`.

    Example:
        >>> XavierUniform()((2, 4)).abs().max().item() <= 1.0
        True

    Reference:
        Glorot & Bengio, 2010. Keras's ``glorot_uniform`` is the one with gain 1.
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        self.gain = require_number(self, "gain", gain, _NOT_NEGATIVE, at_least=0.0)
        super().__init__(seed)


@final
class XavierNormal(TorchInitializer, function=init.xavier_normal_):
    """Normal values of variance ``gain²·2 / (fan_in + fan_out)``: ``torch.nn.init.xavier_normal_``.

    Args:
        gain: Factor, >= 0.
        seed: See `RandomInitializer`.

    Example:
        >>> XavierNormal()((2, 4)).shape
        torch.Size([2, 4])

    Reference:
        Glorot & Bengio, 2010. The normal is not cut, unlike that of Keras's ``glorot_normal``.
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        self.gain = require_number(self, "gain", gain, _NOT_NEGATIVE, at_least=0.0)
        super().__init__(seed)


@final
class KaimingUniform(TorchInitializer, function=init.kaiming_uniform_):
    """Uniform values between ``±gain·√(3 / fan)``: ``torch.nn.init.kaiming_uniform_``.

    Args:
        a: Slope of the ``leaky_relu`` behind the layer; torch's own layers start with √5.
        mode: ``"fan_in"`` or ``"fan_out"``.
        nonlinearity: The activation after the layer, which determines the gain; √2 for ``"relu"``.
        seed: See `RandomInitializer`.

    Example:
        >>> KaimingUniform(nonlinearity="relu")((6, 100)).abs().max().item() <= 1.0
        True

    Reference:
        He et al., 2015.
    """

    def __init__(
        self,
        a: float = 0.0,
        mode: str = "fan_in",
        nonlinearity: str = "leaky_relu",
        seed: Seed = None,
    ) -> None:
        self.a = require_number(self, "a", a)
        self.mode = require_choice(self, "mode", mode, _MODES)
        self.nonlinearity = require_choice(self, "nonlinearity", nonlinearity, _NONLINEARITIES)
        super().__init__(seed)


@final
class KaimingNormal(TorchInitializer, function=init.kaiming_normal_):
    """Normal values of variance ``gain² / fan``: ``torch.nn.init.kaiming_normal_``.

    Args:
        a, mode, nonlinearity, seed: See `KaimingUniform`.

    Example:
        >>> KaimingNormal(nonlinearity="relu")((6, 100)).shape
        torch.Size([6, 100])

    Reference:
        He et al., 2015. The normal is not cut, unlike that of Keras's ``he_normal``.
    """

    def __init__(
        self,
        a: float = 0.0,
        mode: str = "fan_in",
        nonlinearity: str = "leaky_relu",
        seed: Seed = None,
    ) -> None:
        self.a = require_number(self, "a", a)
        self.mode = require_choice(self, "mode", mode, _MODES)
        self.nonlinearity = require_choice(self, "nonlinearity", nonlinearity, _NONLINEARITIES)
        super().__init__(seed)


@final
class TorchOrthogonal(TorchInitializer, function=init.orthogonal_):
    """Orthonormal rows or columns of ``(out, in·space)``: ``torch.nn.init.orthogonal_``.

    Args:
        gain: Factor.
        seed: See `RandomInitializer`.

    Example:
        >>> kernel = TorchOrthogonal()((4, 3))
        >>> torch.allclose(kernel.T @ kernel, torch.eye(3), atol=1e-5)
        True

    Reference:
        Saxe et al., 2014. The matrix is torch's (out, in·space), where Keras's ``orthogonal`` takes
        (space·in, out).
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        self.gain = require_number(self, "gain", gain)
        super().__init__(seed)


@final
class Sparse(TorchInitializer, function=init.sparse_):
    """Normal values with zeros in a part of each input's weights: ``torch.nn.init.sparse_``.

    Args:
        sparsity: Share of the weights of each input that are 0, rounded up to whole ones.
        std: Standard deviation of the others, >= 0.
        seed: See `RandomInitializer`.

    Example:
        >>> int((Sparse(0.5)((3, 4)) == 0).sum())
        6

    Reference:
        Martens, 2010.
    """

    ranks = range(2, 3)

    def __init__(self, sparsity: float, std: float = 0.01, seed: Seed = None) -> None:
        self.sparsity = require_share(self, "sparsity", sparsity)
        self.std = require_number(self, "std", std, _NOT_NEGATIVE, at_least=0.0)
        super().__init__(seed)

    def fill_torch(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with normal values and zeros."""
        # torch.nn.init.sparse_ draws the positions of the zeros from the global generator only.
        rows, columns = values.shape
        init.normal_(values, 0.0, self.std, generator=generator)
        for column in range(columns):
            places = torch.randperm(rows, generator=generator)[: math.ceil(self.sparsity * rows)]
            values[places, column] = 0.0


@final
class Dirac(TorchInitializer, function=init.dirac_):
    """A convolution that hands its inputs on: ``torch.nn.init.dirac_``.

    Args:
        groups: The number of filter groups, each an identity, >= 1.

    Example:
        >>> Dirac()((3, 1, 1)).flatten()
        tensor([0., 1., 0.])

    Reference:
        Zagoruyko & Komodakis, 2017, start residual networks without shortcuts this way.
    """

    ranks = range(3, 6)

    def __init__(self, groups: int = 1) -> None:
        self.groups = require_integer(self, "groups", groups, "an integer >= 1", at_least=1)
        super().__init__()

    def fill_torch(self, values: Tensor, generator: torch.Generator | None) -> None:
        """Fill with zeros and ones."""
        if values.shape[0] % self.groups:
            allowed = f"a divisor of the number of filters, {values.shape[0]}"
            raise refusal(self, "groups", self.groups, allowed)
        super().fill_torch(values, generator)
