"""The train, test and predict steps, none of which waits for the device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor

from kplug.constraints.adapt import apply_constraints
from kplug.optimizers.adapt import (
    differentiate,
    finalize_weights,
    find_loss_scaling,
    needs_closure,
    needs_gradient_graph,
)
from kplug.training.compiled import Compiled
from kplug.training.compiled_model import find_precision
from kplug.training.data.batch import Batch
from kplug.training.distribution.ddp import copy_buffers_from_main, replicate
from kplug.training.distribution.world import World, find_world
from kplug.training.model_protocol import TrainableModel, WeightFunction
from kplug.training.precision import compute_predictions
from kplug.training.regularization import find_activity_penalties, find_penalties
from kplug.training.reports.returned_logs import ReturnedLogs
from kplug.training.reports.running_loss import RunningLoss
from kplug.training.step.batch_weights import find_weigher
from kplug.training.step.forward import Forward, ForwardResult


class StepFunction(ABC):
    """A function of a batch: it makes one step and returns its result.

    The loops call ``begin`` before an epoch or an evaluation, ``publish`` after an epoch, and ``finish``
    when the training ends.
    """

    @abstractmethod
    def __call__(self, batch: Batch) -> Any:
        """Make one step."""

    def run_all(self, batches: Sequence[Batch]) -> list[Any]:
        """Make one step for each batch."""
        return [self(batch) for batch in batches]

    @abstractmethod
    def begin(self) -> None:
        """Prepare for an epoch or an evaluation."""

    def start_record(self) -> RunningLoss | ReturnedLogs:
        """Return the record that accumulates the results of an epoch."""
        return RunningLoss()

    def expect(self, steps: int) -> None:  # noqa: B027 - most steps run as they are
        """Announce a lower bound of the remaining steps."""

    def release(self) -> None:  # noqa: B027 - most steps do nothing beside
        """Stop background work."""

    def show_progress(self) -> None:  # noqa: B027 - most steps train the model itself
        """Update the model from a trained copy, within an epoch."""

    def publish(self) -> None:  # noqa: B027 - most steps train the model itself
        """Update the model from a trained copy or from other processes."""

    def finish(self) -> None:  # noqa: B027 - most steps do not train
        """Give averages of the weights to the model, if the optimizer keeps them."""


class TrainStep(StepFunction):
    """Trains on a batch and returns its entry in the record: the loss, or the logs of a custom step.

    Forward pass, loss, penalties, backward pass, update, constraints, metrics. The loss is that of the
    weights before the update. Eager steps, compiled ones and ``Model.train_step`` all run this class.
    ``forward`` calls the model or its replica. ``checks_first`` checks the first loss and its gradients.
    """

    def __init__(
        self,
        model: TrainableModel,
        forward: Forward,
        optimizer: torch.optim.Optimizer | None,
        constraints: Sequence[WeightFunction] = (),
        world: World | None = None,
        *,
        checks_first: bool = True,
    ) -> None:
        self.model, self.forward, self.optimizer = model, forward, optimizer
        self._constraints, self._world = constraints, world
        # Frozen weights too: with a gradient of an earlier step, the optimizer would still update them.
        self._parameters = list(model.parameters())
        self._scale_loss = find_loss_scaling(optimizer)
        self._needs_graph = needs_gradient_graph(optimizer)
        self._weigher = find_weigher(forward.compiled, optimizer)
        self._is_unchecked = checks_first

    def begin(self) -> None:
        """Discard penalties of earlier calls, whose loss was not computed."""
        self.forward.penalties.discard()

    def __call__(self, batch: Batch) -> Any:
        """Train on a batch."""
        update = None if self.optimizer is None else self.optimizer.step
        return self.run(batch, self._scale_loss, update)

    def run(
        self,
        batch: Batch,
        scale_loss: Callable[[Tensor], Tensor] | None,
        update: Callable[[], object] | None,
    ) -> Any:
        """Train on a batch with the given functions; None for ``update`` changes no weights."""
        forward = self.forward
        outcome = forward(batch)
        is_unchecked = self._is_unchecked
        if is_unchecked:
            forward.check(outcome, is_trained=update is not None)
            self._is_unchecked = False
        total = outcome.total
        if total is None:  # there is no loss, and this time no layer has added a penalty
            return torch.zeros(())
        if update is not None:
            if self._weigher is not None:
                total = self._weigher.weigh(batch, outcome, total)
            self.set_gradients(total, scale_loss)
            if is_unchecked:
                forward.check_gradients(self.model, outcome)
            update()
            if self._constraints:
                apply_constraints(self._constraints)
        return forward.conclude(batch, outcome)

    def set_gradients(self, loss: Tensor, scale_loss: Callable[[Tensor], Tensor] | None) -> None:
        """Replace the gradients by those of a loss."""
        self.forget_gradients()
        scaled = loss if scale_loss is None else scale_loss(loss)
        differentiate(scaled, self._parameters, keep_graph=self._needs_graph)

    def publish(self) -> None:
        """Synchronize buffers across processes, whose layers have seen different samples."""
        if self._world is not None:
            copy_buffers_from_main(self.model)

    def finish(self) -> None:
        """Give averages of the weights to the model, if the optimizer keeps them."""
        finalize_weights(self.optimizer)

    def forget_gradients(self) -> None:
        """Free the memory of the gradients."""
        for parameter in self._parameters:
            parameter.grad = None


class ClosureStep(TrainStep):
    """Trains with an optimizer that computes the loss of a batch as often as it needs, such as L-BFGS or SAM.

    Loss and metrics are those of the first time. Processes agree on the loss that the optimizer sees.
    """

    def run(
        self,
        batch: Batch,
        scale_loss: Callable[[Tensor], Tensor] | None,
        update: Callable[[], object] | None,
    ) -> Any:
        """Train on a batch; the update takes a closure."""
        forward = self.forward
        first: ForwardResult | None = None

        def compute() -> Tensor:
            nonlocal first
            with torch.enable_grad():
                outcome = forward(batch)
                is_unchecked, self._is_unchecked = self._is_unchecked, False
                if is_unchecked:
                    forward.check(outcome, is_trained=True)
                first = first or outcome
                if outcome.total is None:
                    self.forget_gradients()
                    return torch.zeros(())
                self.set_gradients(outcome.total, scale_loss)
                if is_unchecked:
                    forward.check_gradients(self.model, outcome)
            loss = outcome.total.detach()
            return loss if self._world is None else self._world.average(loss)

        cast("Callable[[Callable[[], Tensor]], object]", update)(compute)
        if self._constraints:
            apply_constraints(self._constraints)
        return forward.conclude(batch, first or forward(batch))


def choose_train_step(optimizer: torch.optim.Optimizer | None) -> type[TrainStep]:
    """Return the class of the step that trains with an optimizer."""
    return ClosureStep if needs_closure(optimizer) else TrainStep


def make_train_step(
    model: TrainableModel, compiled: Compiled, optimizer: torch.optim.Optimizer | None
) -> TrainStep:
    """Return the step that ``fit`` runs, with a replica of the model if there are several processes."""
    world = None if compiled.distribution == "fsdp" else find_world()
    # A subclass may skip layers in a call; all layers of a graph lead to its outputs.
    uses_all = compiled.has_all_losses and model.lists_layers
    replica = replicate(model, world, uses_all_weights=uses_all)
    forward = Forward(replica, compiled, find_penalties(model))
    kind = choose_train_step(optimizer)
    return kind(model, forward, optimizer, model.weight_constraints(), world)


class TestStep(StepFunction):
    """Evaluates a batch and returns its entry in the record; None without a loss.

    Args:
        forward: The forward pass.
        has_fixed_weights: Whether no weight changes after ``begin``, which then computes the penalties of
            weights once. A graph is traced once and must be valid for other weights too.
    """

    __test__ = False  # not a pytest class

    def __init__(self, forward: Forward, *, has_fixed_weights: bool = False) -> None:
        self.model, self.forward = forward.model, forward
        self._penalties, self._has_fixed_weights = forward.penalties, has_fixed_weights

    def begin(self) -> None:
        """Discard penalties of earlier calls, and compute those of the weights again."""
        self._penalties.discard()
        if self._has_fixed_weights:
            self.forward = replace(self.forward, penalties=self._penalties.with_fixed_weights())

    def __call__(self, batch: Batch) -> Any:
        """Evaluate a batch."""
        return self.forward.conclude(batch, self.forward(batch))


def make_test_step(
    model: TrainableModel, compiled: Compiled, *, has_fixed_weights: bool = False
) -> TestStep:
    """Return the step that ``evaluate`` runs."""
    forward = Forward(model, compiled, find_penalties(model))
    return TestStep(forward, has_fixed_weights=has_fixed_weights)


class PredictStep(StepFunction):
    """Returns the model's outputs for a batch."""

    def __init__(self, model: TrainableModel) -> None:
        self.model = model
        self._precision = find_precision(model)
        self._penalties = find_activity_penalties(model)

    def begin(self) -> None:
        """Discard penalties of earlier calls."""
        self._penalties.discard()

    def forward(self, batch: Batch) -> Any:
        """Return the outputs for a batch."""
        outputs = compute_predictions(self.model, batch.x, self._precision)
        self._penalties.discard()
        return outputs

    __call__ = forward
