"""``set_random_seed``: seeds Python, NumPy and torch."""

from __future__ import annotations

import random

import numpy as np
import torch

from kplug.errors import ArgumentValueError


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy and torch, so that a run can be repeated.

    Args:
        seed: An integer in [0, 2³²).

    Raises:
        ArgumentValueError: ``seed`` is something else.

    Example:
        >>> set_random_seed(1)
        >>> first = torch.rand(1)
        >>> set_random_seed(1)
        >>> bool(torch.rand(1) == first)
        True
    """
    given: object = seed
    is_whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    if not is_whole or not 0 <= seed < 2**32:
        raise ArgumentValueError("set_random_seed", "seed", seed, "an integer in [0, 2**32)")
    random.seed(int(seed))
    # Code written for Keras draws from the global generator.
    np.random.seed(int(seed))
    torch.manual_seed(int(seed))
