"""The train, test and predict steps, none of which waits for the device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.errors import ContractError, LossWithoutGradientError
from kplug.optimizers.adapt import (
    differentiate,
    finalize_weights,
    find_loss_scaling,
    needs_gradient_graph,
)
from kplug.registry.quoting import name_type
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.distribution.ddp import copy_buffers_from_main, replicate
from kplug.training.distribution.world import find_world
from kplug.training.model_protocol import TrainableModel, WeightFunction
from kplug.training.precision import compute_predictions
from kplug.training.regularization import find_penalties
from kplug.training.reports.returned_logs import ReturnedLogs
from kplug.training.reports.running_loss import RunningLoss
from kplug.training.step.forward import Forward, ForwardResult
from kplug.training.step.untrained_weights import tell_of_untrained

_WITHOUT_GRADIENT = (
    "No gradient reaches the model's weights. A comparison such as `y_pred > thresh`, rounding and "
    "argmax are constant almost everywhere, and detach(), .numpy() or no_grad() cut the "
    "connection. Make the loss differentiable (keep y_pred as it is, or let the gradient pass "
    "straight through the threshold), or pass the function as one of metrics=[…] and train on "
    "another loss."
)


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

    def publish(self) -> None:  # noqa: B027 - most steps train the model itself
        """Update the model from a trained copy or from other processes."""

    def finish(self) -> None:  # noqa: B027 - most steps do not train
        """Give averages of the weights to the model, if the optimizer keeps them."""


class TrainStep(StepFunction):
    """Trains on a batch and returns its loss, without gradient.

    Forward pass, loss, penalties, backward pass, update, constraints, metrics. The loss is that of the
    weights before the update.
    """

    def __init__(
        self, model: TrainableModel, compiled: Compiled, optimizer: torch.optim.Optimizer | None
    ) -> None:
        self.model, self.compiled, self.optimizer = model, compiled, optimizer
        self._penalties = find_penalties(model)
        has_all_losses = len(compiled.losses) == len(compiled.output_names)
        # A subclass may skip layers in a call; all layers of a graph lead to its outputs.
        uses_all = has_all_losses and model.lists_layers
        self._world = None if compiled.distribution == "fsdp" else find_world()
        replica = replicate(model, self._world, uses_all_weights=uses_all)
        self._forward = Forward(replica, compiled, self._penalties)
        self._penalties.discard()
        self._constraints = model.weight_constraints()
        # Frozen weights too: with a gradient of an earlier step, the optimizer would still update them.
        self._parameters = list(model.parameters())
        self._has_metrics = bool(compiled.metrics)
        self._has_all_losses = has_all_losses
        self._has_own_weights = compiled.distribution is None  # else they are shards
        self._scale_loss = find_loss_scaling(optimizer)
        self._needs_graph = needs_gradient_graph(optimizer)
        self._is_checked = False

    def begin(self) -> None:
        """Discard penalties of earlier calls, whose loss was not computed."""
        self._penalties.discard()

    def __call__(self, batch: Batch) -> Tensor:
        """Train on a batch."""
        update = None if self.optimizer is None else self.optimizer.step
        return self.run(batch, self._scale_loss, update)

    def run(
        self,
        batch: Batch,
        scale_loss: Callable[[Tensor], Tensor] | None,
        update: Callable[[], object] | None,
    ) -> Tensor:
        """Train on a batch."""
        forward = self._forward
        outcome = forward(batch)
        is_first = not self._is_checked
        if is_first:
            check_loss(self.compiled, outcome, is_trained=update is not None)
            self._is_checked = True
        total, reported = outcome.total, forward.report(outcome)
        if total is None or reported is None:  # unreachable after check_loss; for the type checker
            return torch.zeros(())
        if update is not None:
            self.forget_gradients()
            scaled = total if scale_loss is None else scale_loss(total)
            differentiate(scaled, self._parameters, keep_graph=self._needs_graph)
            if is_first and self._has_own_weights:
                tell_of_untrained(
                    self.model, outcome.predictions, has_all_losses=self._has_all_losses
                )
            update()
            if self._constraints:
                apply_constraints(self._constraints)
        if self._has_metrics:
            with torch.no_grad():
                forward.update_metrics(batch, outcome.predictions)
        return reported

    def compute(self, batch: Batch) -> ForwardResult:
        """Return predictions and losses of a batch."""
        return self._forward(batch)

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


class TestStep(StepFunction):
    """Evaluates a batch and returns its loss; None without a loss.

    If the model is at rest, no weight changes after ``begin``, so penalties of weights are computed there.
    A graph is traced once and must be valid for other weights too.
    """

    __test__ = False  # not a pytest class

    def __init__(
        self, model: TrainableModel, compiled: Compiled, *, is_at_rest: bool = False
    ) -> None:
        self.model, self.compiled, self._is_at_rest = model, compiled, is_at_rest
        self._penalties = find_penalties(model)
        self._forward = Forward(model, compiled, self._penalties)

    def begin(self) -> None:
        """Discard penalties of earlier calls, and compute those of the weights again."""
        self._penalties.discard()
        if self._is_at_rest:
            self._forward = Forward(self.model, self.compiled, self._penalties.at_rest())

    def __call__(self, batch: Batch) -> Tensor | None:
        """Evaluate a batch."""
        outcome = self.compute(batch)
        self._forward.update_metrics(batch, outcome.predictions)
        return self._forward.report(outcome)

    def compute(self, batch: Batch) -> ForwardResult:
        """Return predictions and losses of a batch."""
        return self._forward(batch)


class PredictStep(StepFunction):
    """Returns the model's outputs for a batch."""

    def __init__(self, model: TrainableModel, compiled: Compiled | None) -> None:
        self.model, self.compiled = model, compiled
        self._precision = None if compiled is None else compiled.precision
        self._penalties = find_penalties(model)

    def begin(self) -> None:
        """Discard penalties of earlier calls."""
        self._penalties.discard()

    def __call__(self, batch: Batch) -> Any:
        """Return the outputs for a batch."""
        return self.compute(batch)

    def compute(self, batch: Batch) -> Any:
        """Return the outputs for a batch."""
        outputs = compute_predictions(self.model, batch.x, self._precision)
        self._penalties.discard()
        return outputs


def check_loss(compiled: Compiled, outcome: ForwardResult, *, is_trained: bool) -> None:
    """Refuse a loss that cannot train, at the first step.

    Raises:
        ContractError: If there is no loss at all, or it is no scalar.
        LossWithoutGradientError: If no gradient can flow from the loss on the data.
    """
    if outcome.total is None:
        raise ContractError(
            "there is nothing to minimise: the model was compiled without a loss and has no "
            "penalties",
            hint="Give one: compile(loss='mean_squared_error').",
        )
    has_gradient = any(loss.requires_grad for loss in outcome.losses)
    for entry, loss in zip(compiled.losses, outcome.losses, strict=True):
        name = str(entry.loss.name)
        if loss.ndim:
            raise ContractError(
                f"the loss {name!r} returned a tensor of shape {tuple(loss.shape)}; training "
                "needs one number per batch",
                hint="Use a reduction other than 'none'.",
                where=entry.filled.slot if len(compiled.output_names) > 1 else None,
            )
        # The layers of one output may be frozen if another output's are not.
        is_expected = outcome.predictions[entry.index].requires_grad or not has_gradient
        if is_trained and is_expected and not loss.requires_grad:
            raise LossWithoutGradientError(
                f"the loss {name!r} has no gradient",
                hint=_WITHOUT_GRADIENT,
                where=entry.filled.slot,
            )


@torch.no_grad()
def apply_constraints(constraints: list[WeightFunction]) -> None:
    """Apply each constraint to its weight."""
    for constraint, weight in constraints:
        made: Any = constraint(weight)
        if not isinstance(made, Tensor) or made.shape != weight.shape:
            shape = tuple(weight.shape)
            found = f"shape {tuple(made.shape)}" if isinstance(made, Tensor) else name_type(made)
            raise ContractError(
                f"a constraint returned {found} for a weight of shape {shape}",
                hint="A constraint returns a tensor of the weight's shape, such as K.abs(weight_matrix).",
            )
        weight.copy_(made)
