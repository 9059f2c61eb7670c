"""Context manager that sets modules to training or evaluation mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def in_mode(modules: Iterable[nn.Module], is_training: bool) -> Iterator[None]:
    """Put modules into training or evaluation mode for a block, and restore each module's mode afterwards.

    Submodules do not change.
    """
    changed = [module for module in modules if module.training is not is_training]
    for module in changed:
        module.training = is_training
    try:
        yield
    finally:
        for module in changed:
            module.training = not is_training
