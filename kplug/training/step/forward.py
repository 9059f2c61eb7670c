"""The forward pass of a step: from a batch to predictions, losses and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kplug.backend.masks import keep_mask
from kplug.errors import ContractError, DataError, LossWithoutGradientError
from kplug.registry.quoting import name_type
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.data.samples import list_arrays
from kplug.training.model_protocol import TrainableModel
from kplug.training.precision import compute_predictions
from kplug.training.regularization import Penalties
from kplug.training.step.untrained_weights import warn_of_untrained

_WITHOUT_GRADIENT = (
    "No gradient reaches the model's weights. A comparison such as `y_pred > thresh`, rounding and "
    "argmax are constant almost everywhere, and detach(), .numpy() or no_grad() cut the "
    "connection. Make the loss differentiable (keep y_pred as it is, or let the gradient pass "
    "straight through the threshold), or pass the function as one of metrics=[…] and train on "
    "another loss."
)


class ForwardResult(NamedTuple):
    """The result of one batch.

    Args:
        predictions: The prediction of each output, in the order of the model's outputs; in a custom step
            nested as the model returns them.
        losses: The losses without their factors, in the order of ``Compiled.losses``.
        total: Σ factor · loss + penalties, or None if there is neither.
    """

    predictions: Any
    losses: tuple[Tensor, ...]
    total: Tensor | None


@dataclass(frozen=True, slots=True)
class Forward:
    """Model, losses and penalties: from a batch to its predictions and its loss.

    It reads no number of a tensor and branches only on the structure of the batch, so one trace is valid for
    all batches of that structure.
    """

    model: TrainableModel
    compiled: Compiled
    penalties: Penalties

    def __call__(self, batch: Batch) -> ForwardResult:
        """Return predictions, the loss on each output, and their weighted sum with the penalties."""
        outputs = compute_predictions(self.model, batch.x, self.compiled.precision)
        return self.compute_losses(batch, outputs)

    def compute_losses(self, batch: Batch, outputs: Any) -> ForwardResult:
        """Return the same for given outputs of the model."""
        compiled = self.compiled
        predictions = split_outputs(self.model, outputs, compiled.output_names)
        losses: list[Tensor] = []
        total: Tensor | None = None
        for entry in compiled.losses:
            y_true = pick_output(batch.y, entry.index)
            if y_true is None:
                raise _missing_targets(entry.filled.slot, f"loss {str(entry.loss.name)!r}")
            weights = pick_output(batch.weights, entry.index)
            loss = entry.compute(y_true, predictions[entry.index], weights)
            factor = batch.factor_for(entry.loss.reduction)
            if factor != 1.0:
                loss = loss * factor
            losses.append(loss)
            if entry.weight != 1.0:
                loss = loss * entry.weight
            total = loss if total is None else total + loss
        return ForwardResult(predictions, tuple(losses), self.penalties.add_to(total, batch.share))

    def check(self, outcome: ForwardResult, *, is_trained: bool) -> None:
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
        for entry, loss in zip(self.compiled.losses, outcome.losses, strict=True):
            name = str(entry.loss.name)
            if loss.ndim:
                raise ContractError(
                    f"the loss {name!r} returned a tensor of shape {tuple(loss.shape)}; training "
                    "needs one number per batch",
                    hint="Use a reduction other than 'none'.",
                    where=entry.filled.slot if len(self.compiled.output_names) > 1 else None,
                )
            # The layers of one output may be frozen if another output's are not.
            is_expected = outcome.predictions[entry.index].requires_grad or not has_gradient
            if is_trained and is_expected and not loss.requires_grad:
                raise LossWithoutGradientError(
                    f"the loss {name!r} has no gradient",
                    hint=_WITHOUT_GRADIENT,
                    where=entry.filled.slot,
                )

    def check_gradients(self, model: TrainableModel, outcome: ForwardResult) -> None:
        """Warn of weights that the first backward pass has not reached; ``model`` is no replica."""
        if self.compiled.distribution is None:  # else the weights are shards
            has_all_losses = self.compiled.has_all_losses
            warn_of_untrained(model, outcome.predictions, has_all_losses=has_all_losses)

    def update_metrics(self, batch: Batch, predictions: Sequence[Tensor]) -> None:
        """Update every metric with the predictions of a batch."""
        if not batch.share:  # its sample belongs to another process
            return
        for entry in self.compiled.metrics:
            y_true = pick_output(batch.y, entry.index)
            if y_true is None:
                raise _missing_targets(entry.filled.slot, f"metric {entry.name!r}")
            weights = pick_output(batch.weights, entry.index) if entry.is_weighted else None
            y_pred = predictions[entry.index]
            entry.update(y_true, keep_mask(y_pred.detach(), y_pred), weights)

    def conclude(self, batch: Batch, outcome: ForwardResult) -> Any:
        """Update the metrics, and return a batch's entry in the record of an epoch, without gradient.

        The entry is the total loss, or with several losses a vector of the total and each of them.
        """
        compiled, total = self.compiled, outcome.total
        if compiled.metrics:
            if torch.is_grad_enabled():
                with torch.no_grad():
                    self.update_metrics(batch, outcome.predictions)
            else:  # as in evaluate; entering no_grad once more takes a microsecond
                self.update_metrics(batch, outcome.predictions)
        if len(compiled.losses) > 1 and total is not None:
            return torch.stack([loss.detach() for loss in (total, *outcome.losses)])
        return total.detach() if total is not None and total.requires_grad else total


def pick_output(arranged: Any, index: int) -> Tensor | None:
    """Return the part for an output: an entry of a list, or the whole for a single output."""
    found: Tensor | None = arranged[index] if isinstance(arranged, list) else arranged
    return found


def split_outputs(model: TrainableModel, outputs: Any, names: Sequence[str]) -> tuple[Tensor, ...]:
    """Return the outputs of a model in the order of their names.

    Raises:
        ContractError: If the model returned a different number of tensors, or a dict with other names.
    """
    if isinstance(outputs, Tensor) and len(names) == 1:
        return (outputs,)
    found: tuple[Any, ...] = ()
    if isinstance(outputs, Mapping):
        found = tuple(outputs[name] for name in names if name in outputs)
        if len(outputs) == 1 == len(names):
            found = tuple(outputs.values())
        elif len(outputs) != len(names):
            found = ()
    elif isinstance(outputs, (list, tuple)):
        found = tuple(list_arrays(outputs))
    if len(found) == len(names) and all(isinstance(each, Tensor) for each in found):
        return found
    raise ContractError(
        f"model {model.name!r} returned {_describe(outputs)}, but it was compiled for "
        f"{_describe_names(names)}",
        hint="A model that returns several outputs says so before compile: self.output_names = "
        "['…', …] in its constructor, with the keys if it returns a dict.",
    )


def _describe(outputs: Any) -> str:
    if isinstance(outputs, Tensor):
        return "one tensor"
    if isinstance(outputs, Mapping):
        return f"a dict with {', '.join(map(repr, outputs)) or 'nothing in it'}"
    if isinstance(outputs, (list, tuple)):
        return f"{name_type(outputs)} of {len(outputs)}"
    return type(outputs).__name__


def _describe_names(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"one output, {names[0]!r}" if names[0] else "one output"
    return f"{len(names)} outputs: {', '.join(map(repr, names))}"


def _missing_targets(slot: str, user: str) -> DataError:
    return DataError(
        f"a batch has no targets, and the {user} needs them",
        hint="Each batch must be (x, y) or (x, y, sample_weight).",
        where=None if "[" not in slot else slot,
    )
