"""Training and evaluation mode for the length of a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def in_mode(modules: Iterable[nn.Module], is_training: bool) -> Iterator[None]:
    """Put modules into one mode for a block; each returns to its own mode afterwards.

    Args:
        modules: The modules; modules inside them do not change.
        is_training: Whether the mode is training, and not evaluation.
    """
    changed = [module for module in modules if module.training is not is_training]
    for module in changed:
        module.training = is_training
    try:
        yield
    finally:
        for module in changed:
            module.training = not is_training
