"""The three steps as programs: what runs eagerly, and what is traced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from kplug.training.compilation.optimizer_planners import Planner, find_planner
from kplug.training.compilation.tensor_scalars import TensorScalars
from kplug.training.data.batch import Batch
from kplug.training.step.steps import PredictStep, TestStep, TrainStep


class Program(Protocol):
    """A step that can be compiled.

    Attributes:
        step: The step itself.
        waits: Whether the next step cannot be planned before this one has run.
        counts: Whether a planned step is counted already, so that ``run`` would count it again.
    """

    step: Any
    waits: bool
    counts: bool

    def run(self, batch: Batch) -> Any:
        """Make an ordinary step; return a tensor, nested tensors, or None."""

    def find_roots(self) -> Mapping[str, Any]:
        """Return the objects on which everything hangs that a step sees, by their names."""

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        """Compute the numbers of the next step; see ``Planner.plan``."""

    def run_planned(
        self, batch: Batch, structure: Any, numbers: list[Tensor]
    ) -> tuple[Any, Tensor | None]:
        """Make a planned step; return what ``run`` returns, and what ``settle`` wants to know."""

    def settle(self, outcome: Tensor | None) -> None:
        """Finish a planned step, once it has run."""

    def clean_up(self) -> None:
        """Free what an ordinary step leaves behind and a compiled one does not need."""


class TrainProgram:
    """The training step.

    Args:
        step: The step.
        planner: Plans the steps of its optimizer; None if it has none.
    """

    def __init__(self, step: TrainStep, planner: Planner | None) -> None:
        self.step, self.planner = step, planner
        self.waits = planner is not None and planner.waits
        self.counts = planner is not None and planner.counts

    def run(self, batch: Batch) -> Tensor:
        """Train on a batch."""
        return self.step(batch)

    def find_roots(self) -> Mapping[str, Any]:
        """Return model, losses, metrics and the state of the optimizer."""
        optimizer = self.step.optimizer
        state = {} if optimizer is None else _name_state(optimizer)
        return {**name_roots(self.step.model, self.step.compiled), "optimizer": state}

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        """Compute the numbers of the next update."""
        return (None, None) if self.planner is None else self.planner.plan(numbers)

    def run_planned(
        self, batch: Batch, structure: Any, numbers: list[Tensor]
    ) -> tuple[Tensor, Tensor | None]:
        """Train on a batch with planned numbers."""
        planner, outcome = self.planner, None
        if planner is None:
            return self.step.run(batch, None, None), None

        def update() -> None:
            nonlocal outcome
            with torch.no_grad(), TensorScalars():
                outcome = planner.apply(structure, iter(numbers))

        loss = self.step.run(batch, lambda total: planner.scale(total, numbers), update)
        return loss, outcome

    def settle(self, outcome: Tensor | None) -> None:
        """Tell the optimizer what became of the step."""
        if self.planner is not None:
            self.planner.settle(outcome)

    def clean_up(self) -> None:
        """Free the gradients."""
        self.step.forget_gradients()


class QuietProgram:
    """A step that changes no weights: evaluation or prediction.

    Args:
        step: The step.
    """

    waits = counts = False

    def __init__(self, step: TestStep | PredictStep) -> None:
        self.step = step

    def run(self, batch: Batch) -> Any:
        """Make the step."""
        return self.step(batch)

    def find_roots(self) -> Mapping[str, Any]:
        """Return the model, and losses and metrics where they take part."""
        compiled = self.step.compiled if isinstance(self.step, TestStep) else None
        return name_roots(self.step.model, compiled)

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:  # noqa: ARG002 - there are none
        """Nothing differs from step to step."""
        return None, None

    def run_planned(
        self,
        batch: Batch,
        structure: Any,  # noqa: ARG002 - there is none
        numbers: list[Tensor],  # noqa: ARG002 - there are none
    ) -> tuple[Any, None]:
        """Make the step."""
        return self.step(batch), None

    def settle(self, outcome: Tensor | None) -> None:
        """Nothing is left to do."""

    def clean_up(self) -> None:
        """Nothing is left behind."""


def make_train_program(step: TrainStep) -> TrainProgram | None:
    """Return the program of a training step, or None if its optimizer cannot be compiled."""
    if step.optimizer is None:
        return TrainProgram(step, None)
    planner = find_planner(step.optimizer)
    return None if planner is None else TrainProgram(step, planner)


def name_roots(model: Any, compiled: Any) -> dict[str, Any]:
    """Return the parts of a compiled model by the names that messages use."""
    roots = {"model": model}
    if compiled is not None:
        roots |= {entry.slot: entry.loss for entry in compiled.losses}
        roots |= {entry.slot: entry.metric for entry in compiled.metrics}
    return roots


def _name_state(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state = optimizer.state
    named = {f"state {i}": state[p] for i, p in enumerate(parameters) if p in state}
    return {"parameters": parameters, **named}
