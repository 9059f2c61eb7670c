"""Random tensors, drawn from torch's global generator or a seeded one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch

from kplug.backend.convert import to_shape
from kplug.backend.dtypes import DTypeLike, to_dtype
from kplug.backend.values import variable
from kplug.components.arguments import require_integer, require_share
from kplug.components.configurable import check_keys


def make_generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator that starts at ``seed``."""
    # The seed's lowest 32 bits, as in Keras 3, whose draws are reproduced exactly.
    return torch.Generator(device).manual_seed(seed & 0xFFFFFFFF)


class SeedGenerator:
    """A seed for ``kplug.random`` that gives different draws at each call, reproducible across runs.

    An integer seed gives the same numbers at each call.

    Args:
        seed: The initial seed; drawn from torch's generator if omitted.
        name: For configurations.

    Raises:
        ArgumentValueError: ``seed`` is no integer.

    Example:
        >>> from kplug import random
        >>> seeds = random.SeedGenerator(1)
        >>> first, second = (random.normal((2,), seed=seeds) for _ in range(2))
        >>> torch.equal(first, second), torch.equal(first, random.normal((2,), seed=1))
        (False, True)

    Reference:
        ``keras.random.SeedGenerator``, with the same seeds.
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.seed, self.name = seed, name
        start = int(torch.randint(1, 10**9, ())) if seed is None else seed
        start = require_integer("SeedGenerator", "seed", start, "an integer, or None")
        self.state = torch.tensor([start, 0])

    def next(self, ordered: bool = True) -> torch.Tensor:
        """Return the seed and the number of previous calls; ``ordered=False`` scrambles both afterwards."""
        given = self.state.clone()
        if ordered:
            self.state[1] += 1
        else:
            self.state = (self.state + 1) * 5387 % 933199
        return given

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SeedGenerator:
        """Create a generator with a reset counter."""
        check_keys(cls, config)
        return cls(**config)


Seed: TypeAlias = "int | SeedGenerator | torch.Generator | None"


def find_generator(seed: Seed, device: torch.device | str = "cpu") -> torch.Generator | None:
    """Return a generator on a device, or ``None`` for torch's own: without a seed, or on meta tensors.

    Raises:
        ArgumentValueError: ``seed`` is neither an integer nor a generator.
    """
    if seed is None or str(device) == "meta":
        return None
    if isinstance(seed, torch.Generator):
        return seed
    if isinstance(seed, SeedGenerator):
        return make_generator(int(seed.next().sum()), device)
    allowed = "an integer, a kplug.random.SeedGenerator, a torch.Generator, or None"
    return make_generator(require_integer("random", "seed", seed, allowed), device)


def random_normal(
    shape: object,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike = None,
    seed: Seed = None,
) -> torch.Tensor:
    """Return draws from the normal distribution N(mean, stddev²).

    Example:
        >>> random_normal((2, 3), stddev=0.0)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    draws = torch.empty(to_shape(shape), dtype=to_dtype(dtype))
    return draws.normal_(mean, stddev, generator=find_generator(seed))


def random_uniform(
    shape: object,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: DTypeLike = None,
    seed: Seed = None,
) -> torch.Tensor:
    """Return uniform draws in [minval, maxval); for integer types, each integer is equally likely."""
    sizes, number_type = to_shape(shape), to_dtype(dtype)
    generator = find_generator(seed)
    if not number_type.is_floating_point:
        return torch.randint(
            int(minval), int(maxval), sizes, dtype=number_type, generator=generator
        )
    draws = torch.rand(sizes, dtype=number_type, generator=generator)
    return draws * (maxval - minval) + minval


def truncated_normal(
    shape: object,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike = None,
    seed: Seed = None,
) -> torch.Tensor:
    """Return draws from N(mean, stddev²), those beyond two standard deviations drawn again."""
    number_type = to_dtype(dtype)
    draws = torch.randn((*to_shape(shape), 4), dtype=number_type, generator=find_generator(seed))
    # Four draws per element, of which the first inside counts: about 4e-6 have none inside.
    first_inside = (draws.abs() < 2).to(torch.uint8).argmax(-1, keepdim=True)
    return draws.gather(-1, first_inside).squeeze(-1) * stddev + mean


def random_binomial(
    shape: object, p: float = 0.0, dtype: DTypeLike = None, seed: Seed = None
) -> torch.Tensor:
    """Return ones with probability ``p`` and zeros otherwise."""
    require_share("random_binomial", "p", p)
    draws = torch.rand(to_shape(shape), generator=find_generator(seed))
    return (draws < p).to(to_dtype(dtype))


def random_normal_variable(
    shape: object,
    mean: float,
    scale: float,
    dtype: DTypeLike = None,
    name: str | None = None,
    seed: Seed = None,
) -> torch.Tensor:
    """Return a variable with draws from N(mean, scale²); ``name`` is as in ``variable``."""
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


def random_uniform_variable(
    shape: object,
    low: float,
    high: float,
    dtype: DTypeLike = None,
    name: str | None = None,
    seed: Seed = None,
) -> torch.Tensor:
    """Return a variable with draws that are uniform in [low, high); ``name`` is as in ``variable``."""
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)
