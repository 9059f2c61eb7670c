"""Seeds and noise shapes of layers that draw random numbers."""

from __future__ import annotations

from typing import Any

import torch

from kplug.backend.random import SeedGenerator, make_generator
from kplug.components.arguments import refusal, require_integer


def read_noise_shape(owner: str, value: Any) -> tuple[int | None, ...] | None:
    """Return the noise shape of a layer; ``None`` entries take the size of the inputs.

    Raises:
        ArgumentValueError: The value is no such shape.
    """
    if value is None:
        return None
    sizes = value if isinstance(value, (list, tuple)) else ("no shape",)
    if any(size is not None and (not isinstance(size, int) or size < 0) for size in sizes):
        raise refusal(owner, "noise_shape", value, "None, or a tuple of sizes and None")
    return tuple(sizes)


def make_seeded_generator(owner: str, seed: object) -> tuple[int | None, torch.Generator | None]:
    """Return a layer's seed and its generator; ``None`` for torch's global one.

    Raises:
        ArgumentValueError: ``seed`` is neither an integer nor ``None``.
    """
    if seed is None:
        return None, None
    given = int(seed.state[0]) if isinstance(seed, SeedGenerator) else seed
    number = require_integer(owner, "seed", given, "an integer, or None")
    return number, make_generator(number)
