"""Random tensors, drawn from torch's generator or from one seeded for the call."""

from __future__ import annotations

import torch

from kplug.arguments import require_share
from kplug.backend.convert import to_shape
from kplug.backend.dtypes import DTypeLike, to_dtype
from kplug.backend.values import variable


def make_generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator that starts at ``seed``."""
    # The seed's lowest 32 bits, as Keras 3 takes them: its draws are reproduced exactly.
    return torch.Generator(device).manual_seed(seed & 0xFFFFFFFF)


def find_generator(seed: int | None, device: torch.device | str = "cpu") -> torch.Generator | None:
    """Return a generator on a device, or ``None`` for torch's own: without a seed, and without memory."""
    return None if seed is None or str(device) == "meta" else make_generator(seed, device)


def random_normal(
    shape: object,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike = None,
    seed: int | None = None,
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
    seed: int | None = None,
) -> torch.Tensor:
    """Return draws that are uniform in [minval, maxval); of a whole-number type each integer is as likely."""
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
    seed: int | None = None,
) -> torch.Tensor:
    """Return draws from N(mean, stddev²), those beyond two standard deviations drawn again."""
    number_type = to_dtype(dtype)
    draws = torch.randn((*to_shape(shape), 4), dtype=number_type, generator=find_generator(seed))
    # Four draws each and the first one inside: about 4e-6 of the elements have none inside.
    first_inside = (draws.abs() < 2).to(torch.uint8).argmax(-1, keepdim=True)
    return draws.gather(-1, first_inside).squeeze(-1) * stddev + mean


def random_binomial(
    shape: object, p: float = 0.0, dtype: DTypeLike = None, seed: int | None = None
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
    seed: int | None = None,
) -> torch.Tensor:
    """Return a variable with draws from N(mean, scale²); ``name`` is as in ``variable``."""
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


def random_uniform_variable(
    shape: object,
    low: float,
    high: float,
    dtype: DTypeLike = None,
    name: str | None = None,
    seed: int | None = None,
) -> torch.Tensor:
    """Return a variable with draws that are uniform in [low, high); ``name`` is as in ``variable``."""
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)
