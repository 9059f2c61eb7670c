"""The train, test and predict steps as programs, which run eagerly or are traced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kplug.errors import KplugError
from kplug.training.data.batch import Batch
from kplug.training.jit.optimizer_planners import Planner, find_planner
from kplug.training.jit.tensor_scalars import TensorScalars
from kplug.training.step.standard_steps import PredictStep, TestStep, TrainStep


class Program:
    """A step that can be compiled; the base class changes no weights.

    ``waits`` and ``counts`` are those of its ``Planner``.
    """

    waits = counts = False

    def __init__(self, step: TrainStep | TestStep | PredictStep) -> None:
        self.step = step

    def run(self, batch: Batch) -> Any:
        """Make an ordinary step; return a tensor, nested tensors, or None."""
        return self.step(batch)

    @torch.no_grad()
    def explain(self, batch: Batch, error: Exception) -> None:
        """Raise the eager step's error about a batch, if that is why a graph failed; else return.

        Raises:
            KplugError: The error of an eager step.
        """
        try:
            self.step.forward(batch)
        except KplugError as explained:
            raise explained from error

    def find_roots(self) -> Mapping[str, Any]:
        """Return the roots of the state that a step reads, by their names in messages."""
        roots: dict[str, Any] = {"model": self.step.model}
        if not isinstance(self.step, PredictStep):
            compiled = self.step.forward.compiled
            roots |= {entry.filled.slot: entry.loss for entry in compiled.losses}
            roots |= {entry.filled.slot: entry.metric for entry in compiled.metrics}
        return roots

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:  # noqa: ARG002 - there are none
        """Compute the numbers of the next step; see ``Planner.plan``."""
        return None, None

    def run_planned(
        self,
        batch: Batch,
        structure: Any,  # noqa: ARG002 - there is none
        numbers: list[Tensor],  # noqa: ARG002 - there are none
    ) -> tuple[Any, Tensor | None]:
        """Make a planned step; return the result of ``run``, and the argument of ``settle``."""
        return self.step(batch), None

    def settle(self, outcome: Tensor | None) -> None:
        """Finish a planned step, once it has run."""

    def clean_up(self) -> None:
        """Free memory that an ordinary step leaves behind and a compiled one does not need."""


class TrainProgram(Program):
    """The training step."""

    step: TrainStep

    def __init__(self, step: TrainStep, planner: Planner) -> None:
        super().__init__(step)
        self.planner = planner
        self.waits, self.counts = planner.waits, planner.counts

    def find_roots(self) -> Mapping[str, Any]:
        """Return model, losses, metrics and the state of the optimizer."""
        optimizer = self.step.optimizer
        state = {} if optimizer is None else _name_state(optimizer)
        return {**super().find_roots(), "optimizer": state}

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        """Compute the numbers of the next update."""
        return self.planner.plan(numbers)

    def run_planned(
        self, batch: Batch, structure: Any, numbers: list[Tensor]
    ) -> tuple[Tensor, Tensor | None]:
        """Train on a batch with planned numbers."""
        outcome = None

        def update() -> None:
            nonlocal outcome
            with torch.no_grad(), TensorScalars():
                outcome = self.planner.apply(structure, iter(numbers))

        loss = self.step.run(batch, lambda total: self.planner.scale(total, numbers), update)
        return loss, outcome

    def settle(self, outcome: Tensor | None) -> None:
        """Pass the step's outcome to the optimizer."""
        self.planner.settle(outcome)

    def clean_up(self) -> None:
        """Free the gradients."""
        self.step.forget_gradients()


def make_train_program(step: TrainStep) -> Program | None:
    """Return the program of a training step, or None if its optimizer cannot be compiled."""
    if step.optimizer is None:
        return Program(step)  # there is nothing to train
    planner = find_planner(step.optimizer)
    return None if planner is None else TrainProgram(step, planner)


def _name_state(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state = optimizer.state
    named = {f"state {i}": state[p] for i, p in enumerate(parameters) if p in state}
    return {"parameters": parameters, **named}
