"""The loop over time in graphs for export, where a loop in Python would fix the number of time steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kplug.layers.recurrent.base.cells import output_shape_of


class _Step(nn.Module):
    """A step whose weights are those of a cell, so that they can be arguments of the loop."""

    def __init__(self, cell: Any, step: Callable[..., tuple[Tensor, list[Tensor]]]) -> None:
        super().__init__()
        self.cell, self._step = cell, step

    def forward(self, now: Tensor, before: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the output and the new states."""
        return self._step(now, before)


def scan(
    cell: Any,
    step: Callable[..., tuple[Tensor, list[Tensor]]],
    inputs: Tensor,
    states: list[Tensor],
    mask: Tensor | None,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Run a step along the time axis, as ``backend.rnn`` does, by torch's ``scan``.

    Args:
        cell: The cell with the weights of the step.
        step: Takes the inputs of one time step and the states, and returns the output and new states.
        inputs: Shape (N, time, …).
        states: The initial states.
        mask: Booleans, shape (N, time); None for none.

    Returns:
        All outputs (N, time, …), the last output and the last states.
    """
    module = _Step(cell, step)
    weights = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    count = len(states)
    carried, taken = list(states), [inputs.transpose(0, 1)]
    if mask is not None:
        shape = (inputs.shape[0], *output_shape_of(cell))
        carried.append(states[0].new_zeros(shape))  # the output of the step before
        taken.append(mask.transpose(0, 1))

    def combine(*values: Tensor) -> list[Tensor]:
        before, now = list(values[: len(carried)]), values[len(carried)]
        own = values[len(carried) + len(taken) :]
        output, after = torch.func.functional_call(
            module, dict(zip(weights, own, strict=True)), (now, before[:count])
        )
        made = [*after, output]
        if mask is not None:
            kept = values[len(carried) + 1]
            made = [
                torch.where(kept.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in zip(made, before, strict=True)
            ]
        # Clones, as no result of a step may be another one.
        outputs = made[-1].clone()
        return [*(each.clone() for each in made[: len(carried)]), outputs]

    *ends, made = torch.ops.higher_order.scan(combine, carried, taken, tuple(weights.values()))
    outputs = made.transpose(0, 1)
    return outputs, outputs[:, -1], ends[:count]
