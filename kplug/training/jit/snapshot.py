"""A snapshot of a step's mutable state, restored if tracing fails."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class StateSnapshot:
    """A copy of everything that a step may change."""

    def __init__(self, tensors: Sequence[Tensor], generators: Sequence[torch.Generator]) -> None:
        self._tensors = [(tensor, tensor.detach().clone()) for tensor in tensors]
        self._generators = [(generator, generator.get_state()) for generator in generators]
        self._cpu = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def restore(self) -> None:
        """Put everything back."""
        for tensor, value in self._tensors:
            tensor.detach().copy_(value)
        for generator, state in self._generators:
            generator.set_state(state)
        torch.set_rng_state(self._cpu)
        if self._cuda:
            torch.cuda.set_rng_state_all(self._cuda)
