"""`seeded`: seeds the random generators for a block, and restores their states."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from kplug.utils import set_random_seed

_SEEDS = 2**31


@contextmanager
def seeded(random_state: Any) -> Iterator[None]:
    """Seed all random generators for a block from a ``random_state``; ``None`` does nothing."""
    if random_state is None:
        yield
        return
    is_generator = isinstance(random_state, np.random.RandomState)
    seed = int(random_state.randint(_SEEDS)) if is_generator else int(random_state)
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        set_random_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
