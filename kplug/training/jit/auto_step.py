"""A step that compiles itself when the compilation pays off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx

from kplug.training.data.batch import Batch
from kplug.training.jit.auto_decision import JitTrial
from kplug.training.jit.batch_signatures import describe_batches
from kplug.training.jit.fallback_to_eager import EagerFallback
from kplug.training.jit.jit_step import MOST_SHAPES, JitStep
from kplug.training.jit.programs import Program


class AutoStep(JitStep):
    """Runs a step eagerly, and switches to a compiled graph where that saves time.

    There is a ``JitTrial`` for each shape of batches; further shapes run eagerly.

    Attributes:
        steps_left: The number of steps known to remain.
        steps_done: The number of steps run.
    """

    def __init__(self, program: Program, fallback: EagerFallback) -> None:
        super().__init__(program, fallback)
        self.steps_left = self.steps_done = 0
        self._trials: dict[Any, JitTrial] = {}
        self._active: JitTrial | None = None
        self._active_shape: torch.Size | None = None

    def expect(self, steps: int) -> None:
        """Announce a lower bound of the remaining steps."""
        self.steps_left = steps

    def release(self) -> None:
        """Stop background compilation, and release the program."""
        super().release()
        for trial in self._trials.values():
            trial.release()

    def begin(self) -> None:
        """Check the model and the next batch again."""
        super().begin()
        self._active_shape = None

    def __call__(self, batch: Batch) -> Any:
        """Make one step and return its result."""
        x, trial = batch.x, self._active
        # Computing a batch's signature takes 1 % of a small step, and an eager step needs only its trial.
        if trial is None or not (
            trial.is_eager
            and isinstance(x, Tensor)
            and x.shape == self._active_shape
            and not self.fallback.is_eager
        ):
            return super().__call__(batch)
        self.steps_left -= 1
        self.steps_done += 1
        return trial.run((batch,), (), ())[0]

    def run_all(self, batches: Sequence[Batch]) -> list[Any]:
        """Make one step for each batch, as the trial of their shapes decides."""
        if self.fallback.is_eager:
            return self.run_eagerly(batches)
        if self.program.waits and len(batches) > 1:
            return [self(batch) for batch in batches]
        self.steps_left -= len(batches)
        self.steps_done += len(batches)
        leaves, signatures = describe_batches(batches)
        trial = self._trials.get(signatures)
        if trial is None:
            if len(self._trials) == MOST_SHAPES:
                return self.run_eagerly(batches)
            trial = self._trials[signatures] = JitTrial(self)
        self._active, x = trial, batches[-1].x
        self._active_shape = x.shape if len(batches) == 1 and isinstance(x, Tensor) else None
        return trial.run(batches, leaves, signatures)

    def _compile(
        self, graph: fx.GraphModule, inputs: Sequence[Tensor], content: Any
    ) -> Callable[..., Sequence[Tensor]] | None:
        # Compiling in the foreground would block training.
        if self._active is None or not self._active.is_ready(graph, inputs, content):
            return None
        return super()._compile(graph, inputs, content)
