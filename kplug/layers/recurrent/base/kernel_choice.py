"""Runs a cell over sequences, on a fused kernel or step by step.

``SequenceRun.over`` chooses. The fused kernel computes whole sequences at once, so it replaces only cells
with exactly its equations; masked sequences run on it too (see ``masked_kernel``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kplug.backend import rnn
from kplug.layers.recurrent.base.cells import Cell, split_states
from kplug.layers.recurrent.base.gated_cell import NO_DROPS, Drops, GatedCell
from kplug.layers.recurrent.base.masked_kernel import run_where


class SequenceResult(NamedTuple):
    """The result of a run over sequences."""

    outputs: Tensor
    last: Tensor
    states: list[Tensor]


@dataclass(frozen=True, slots=True)
class SequenceRun:
    """Settings of a run over sequences.

    Args:
        mask: Booleans, shape (N, time): time steps that are passed over; ``None``: none.
        needs_states: Whether the last states are wanted.
        takes_kernel: Whether torch's kernels may be used.
        needs_outputs: Whether the outputs of all time steps are wanted, and not only the last one.
    """

    mask: Tensor | None = None
    needs_states: bool = True
    takes_kernel: bool = True
    needs_outputs: bool = True

    def over(self, cell: Any, sequences: Tensor, states: list[Tensor]) -> SequenceResult:
        """Run a cell over sequences, from the first time step to the last.

        Args:
            cell: A built cell.
            sequences: Shape (N, time, in).
            states: The initial states, shape (N, size) each.

        Returns:
            All outputs (N, time, units), at a masked time step that of the step before, 0 at the start; the
            last output; the last states. What is not wanted may be missing.
        """
        # Cells with an overridden `call`, and cells with an activity regularizer, which applies to each
        # # step's outputs, run step by step.
        if type(cell).call is not GatedCell.call or cell.activity_regularizer is not None:
            chain: list[Cell] | None = getattr(cell, "chained_cells", None)
            if chain is not None:
                return self._over_each(chain, sequences, states)
            return self._step_by_step(cell, sequences, states)
        drops = cell.draw(sequences[:, 0]) if cell.training else NO_DROPS
        # torch's kernels do not check the rank: the LSTM's writes out of bounds.
        takes_kernel = self.takes_kernel and sequences.ndim == 3
        if takes_kernel and drops.are_shared and cell.runs_on_kernel():
            return self._on_kernel(cell, sequences, states, drops)
        # The inputs' contribution does not depend on the state: one product for all time steps.
        projected = cell.project(sequences, drops)
        return self._loop(
            cell, lambda now, before: cell.step(now, before, drops), projected, states
        )

    def _on_kernel(
        self, cell: GatedCell, sequences: Tensor, states: list[Tensor], drops: Drops
    ) -> SequenceResult:
        if drops.inputs is not None:
            sequences = sequences * drops.inputs.unsqueeze(1)
        if self.mask is None:
            outputs, made = cell.run_kernel(sequences, states)
        else:
            outputs, made = run_where(
                cell.run_kernel,
                sequences,
                states,
                self.mask,
                needs_states=self.needs_states,
                needs_outputs=self.needs_outputs,
            )
        return SequenceResult(outputs, outputs[:, -1], made)

    def _over_each(
        self, cells: Sequence[Cell], sequences: Tensor, states: list[Tensor]
    ) -> SequenceResult:
        """Run the cells one after another over whole sequences, so that each may use a kernel."""
        made: list[Tensor] = []
        result = SequenceResult(sequences, sequences[:, -1], [])
        inner = replace(self, needs_outputs=True)
        runs = [*[inner] * (len(cells) - 1), self]
        for run, cell, own in zip(runs, cells, split_states(cells, states), strict=True):
            result = run.over(cell, result.outputs, own)
            made += result.states
        return result._replace(states=made)

    def _step_by_step(self, cell: Cell, sequences: Tensor, states: list[Tensor]) -> SequenceResult:
        def step(now: Tensor, before: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            output, made = cell(now, before)
            return output, [made] if isinstance(made, Tensor) else list(made)

        return self._loop(cell, step, sequences, states)

    def _loop(
        self,
        cell: Cell,
        step: Callable[[Tensor, list[Tensor]], tuple[Tensor, list[Tensor]]],
        inputs: Tensor,
        states: list[Tensor],
    ) -> SequenceResult:
        if torch.compiler.is_exporting():
            from kplug.layers.recurrent.base.exported_loop import scan

            return SequenceResult(*scan(cell, step, inputs, states, self.mask))
        last, outputs, made = rnn(step, inputs, states, mask=self.mask)
        return SequenceResult(outputs, last, made)
