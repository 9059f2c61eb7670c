"""Seeds of layers that draw random numbers."""

from __future__ import annotations

import torch

from kplug.arguments import require_integer
from kplug.backend.random import SeedGenerator, make_generator


def make_seeded_generator(owner: str, seed: object) -> tuple[int | None, torch.Generator | None]:
    """Return a layer's seed and the generator that it draws from; ``None`` for torch's.

    Raises:
        ArgumentValueError: ``seed`` is neither an integer nor ``None``.
    """
    if seed is None:
        return None, None
    given = int(seed.state[0]) if isinstance(seed, SeedGenerator) else seed
    number = require_integer(owner, "seed", given, "an integer, or None")
    return number, make_generator(number)
