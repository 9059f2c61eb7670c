"""Running a cell along the time of sequences: on torch's kernel, or step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from kplug.backend import rnn
from kplug.layers.recurrent.base.fused_kernels import run_where
from kplug.layers.recurrent.base.gated_cell import GatedCell
from kplug.layers.recurrent.stacked import StackedRNNCells, split_states


class SequenceResult(NamedTuple):
    """What a run over sequences made."""

    outputs: Tensor
    last: Tensor
    states: list[Tensor]


@dataclass(frozen=True, slots=True)
class SequenceRun:
    """How sequences are run over.

    Args:
        mask: Booleans, shape (N, time): times that are passed over; ``None``: none.
        needs_states: Whether the last states are wanted.
        takes_kernel: Whether torch's kernels may be used.
    """

    mask: Tensor | None = None
    needs_states: bool = True
    takes_kernel: bool = True

    def over(self, cell: Any, sequences: Tensor, states: list[Tensor]) -> SequenceResult:
        """Run a cell over sequences, from the first time to the last.

        Args:
            cell: A built cell.
            sequences: Shape (N, time, in).
            states: The first states, shape (N, size) each.

        Returns:
            All outputs (N, time, units), at a masked time that of the time before, 0 at the start; the
            last output; the last states.
        """
        if type(cell).call is StackedRNNCells.call:
            return self._over_all(cell.cells, sequences, states)
        if type(cell).call is not GatedCell.call or cell.activity_regularizer is not None:
            return self._step_by_step(cell, sequences, states)
        drops = cell.draw(sequences[:, 0])
        has_kernel = self.takes_kernel and drops.are_shared and cell.runs_on_kernel()
        if has_kernel and drops.inputs is not None:
            sequences = sequences * drops.inputs.unsqueeze(1)
        if has_kernel and self.mask is None:
            outputs, made = cell.run_kernel(sequences, states)
            return SequenceResult(outputs, outputs[:, -1], made)
        if has_kernel and self.mask is not None:
            outputs, made = run_where(
                cell.run_kernel, sequences, states, self.mask, needs_states=self.needs_states
            )
            return SequenceResult(outputs, outputs[:, -1], made)
        projected = cell.project(sequences, drops)
        return self._loop(lambda now, before: cell.step(now, before, drops), projected, states)

    def _over_all(self, cells: Any, sequences: Tensor, states: list[Tensor]) -> SequenceResult:
        """Run one cell after the other over whole sequences."""
        made: list[Tensor] = []
        outcome = SequenceResult(sequences, sequences[:, -1], [])
        for cell, own in zip(cells, split_states(cells, states), strict=True):
            outcome = self.over(cell, outcome.outputs, own)
            made += outcome.states
        return outcome._replace(states=made)

    def _step_by_step(self, cell: Any, sequences: Tensor, states: list[Tensor]) -> SequenceResult:
        def step(now: Tensor, before: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            output, made = cell(now, before)
            return output, [made] if isinstance(made, Tensor) else list(made)

        return self._loop(step, sequences, states)

    def _loop(
        self,
        step: Callable[[Tensor, list[Tensor]], tuple[Tensor, list[Tensor]]],
        inputs: Tensor,
        states: list[Tensor],
    ) -> SequenceResult:
        last, outputs, made = rnn(step, inputs, states, mask=self.mask)
        return SequenceResult(outputs, last, made)
