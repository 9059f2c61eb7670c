"""Running means of an epoch's losses, kept on the device until they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

# Scalars that are kept separately before they are packed into one tensor; bounds the memory of an
# epoch of a million steps without a device call at every step.
_PENDING = 256


class Sums(NamedTuple):
    """The state of a ``RunningLoss``: Σ weight · loss for each loss, Σ weight, the first bad step."""

    totals: tuple[float, ...]
    weight: float
    first_bad_step: int | None


class RunningLoss:
    """The mean losses so far, each step weighted by the number of its samples.

    Adding a step appends a tensor that stays on its device; reading moves all new steps at once.
    """

    def __init__(self) -> None:
        self._pending: list[Tensor] = []
        self._packed: list[Tensor] = []
        self._sizes: list[float] = []
        self._totals: list[float] = []
        self._count, self._steps = 0.0, 0
        self.first_bad_step: int | None = None

    def add(self, loss: Tensor, size: float) -> None:
        """Add the loss of one step, without gradient.

        Args:
            loss: The total, shape (); or the total and further losses, shape (k,).
            size: The weight of the step: its number of samples.
        """
        self._pending.append(loss)
        self._sizes.append(size)
        if len(self._pending) == _PENDING:
            self._pack()

    def _pack(self) -> None:
        if self._pending:
            self._packed.append(torch.stack(self._pending))
            self._pending = []

    def read(self) -> list[float]:
        """Return the means so far, the total's first; synchronizes with the device.

        Before the first step the result is one NaN.
        """
        self._pack()
        if self._packed:
            losses = torch.cat(self._packed)
            self._consume(losses.reshape(len(losses), -1).cpu().double())
            self._packed = []
        return [total / self._count for total in self._totals] if self._count else [math.nan]

    def sums(self) -> Sums:
        """Return the sums so far, for ``merge`` in another process."""
        self.read()
        return Sums(tuple(self._totals), self._count, self.first_bad_step)

    def merge(self, parts: Sequence[Sums]) -> None:
        """Replace this record by the sum of several; ``parts`` includes this one's sums."""
        columns = zip(*(part.totals for part in parts if part.totals), strict=True)
        self._totals = [math.fsum(column) for column in columns]
        self._count = math.fsum(part.weight for part in parts)
        bad = [part.first_bad_step for part in parts if part.first_bad_step is not None]
        self.first_bad_step = min(bad, default=None)

    def state(self) -> dict[str, Any]:
        """Return the sums so far as plain values."""
        return {**self.sums()._asdict(), "steps": self._steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._totals, self._count = list(state["totals"]), state["weight"]
        self._steps, self.first_bad_step = state["steps"], state["first_bad_step"]

    def _consume(self, losses: Tensor) -> None:
        """Sum over steps, in float64 on the CPU; the input has shape (steps, k).

        Numbers are added one after another, so that the sum does not depend on how often it is read.
        """
        sizes = torch.tensor(self._sizes, dtype=torch.float64)[:, None]
        terms = torch.cat([sizes * losses, sizes], 1)
        before = self._totals or [0.0] * losses.shape[1]
        rows = np.concatenate([[[*before, self._count]], terms.numpy()])
        *self._totals, self._count = np.add.accumulate(rows)[-1].tolist()
        if self.first_bad_step is None:
            is_bad = ~losses[:, 0].isfinite()
            if is_bad.any():
                self.first_bad_step = self._steps + int(is_bad.int().argmax())
        self._steps += len(self._sizes)
        self._sizes = []
