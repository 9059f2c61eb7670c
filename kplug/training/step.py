"""The training step: one function of a batch, in which nothing waits for the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kplug.errors import ContractError, LossWithoutGradientError
from kplug.optimizers.adapt import find_loss_scaling
from kplug.training.batches import Batch
from kplug.training.compiled import Compiled
from kplug.training.forward import Forward, describe_loss
from kplug.training.penalties import find_penalties
from kplug.training.tracking import RunningLoss, read_results

_WITHOUT_GRADIENT = (
    "No gradient reaches the model's weights. A comparison such as `y_pred > thresh`, rounding and "
    "argmax are constant almost everywhere, and detach(), .numpy() or no_grad() cut the "
    "connection. Make the loss differentiable (keep y_pred as it is, or let the gradient pass "
    "straight through the threshold), or pass the function as one of metrics=[…] and train on "
    "another loss."
)


def make_train_step(
    model: Any, compiled: Compiled, optimizer: torch.optim.Optimizer | None
) -> Callable[[Batch], Tensor]:
    """Return the step: a function that trains on a batch and returns its loss without gradient.

    Forward pass, loss, penalties, backward pass, update, constraints, metrics; the loss is that of
    the weights before the update.

    Args:
        model: A built model.
        compiled: What ``compile`` made of it.
        optimizer: The optimizer with its parameters; None if the model has none to train.
    """
    forward = Forward(model, compiled, find_penalties(model))
    forward.penalties.forget()
    constraints = model.weight_constraints()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    has_metrics = bool(compiled.metrics)
    scale_loss = find_loss_scaling(optimizer)
    is_checked = False

    def train_step(batch: Batch) -> Tensor:
        nonlocal is_checked
        y_pred, data_loss, total = forward(batch)
        if not is_checked:
            check_loss(compiled, data_loss, total, is_trained=optimizer is not None)
            is_checked = True
        if total is None:  # check_loss refused it; for the type checker
            return torch.zeros(())
        if optimizer is not None:
            for parameter in parameters:
                parameter.grad = None
            scaled = total if scale_loss is None else scale_loss(total)
            scaled.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if constraints:
                apply_constraints(constraints)
        if has_metrics:
            with torch.no_grad():
                forward.update_metrics(batch, y_pred)
        return total.detach()

    return train_step


def make_test_step(model: Any, compiled: Compiled) -> Callable[[Batch], Tensor | None]:
    """Return a function that evaluates a batch and returns its loss, None without a loss."""
    forward = Forward(model, compiled, find_penalties(model))
    forward.penalties.forget()

    def test_step(batch: Batch) -> Tensor | None:
        y_pred, _, total = forward(batch)
        forward.update_metrics(batch, y_pred)
        return total

    return test_step


def check_loss(
    compiled: Compiled, data_loss: Tensor | None, total: Tensor | None, *, is_trained: bool
) -> None:
    """Refuse a loss that cannot train, at the first step.

    Raises:
        ContractError: If there is no loss at all, or it is no scalar.
        LossWithoutGradientError: If no gradient can flow from the loss on the data.
    """
    name = describe_loss(compiled.loss)
    if total is None:
        raise ContractError(
            "there is nothing to minimise: the model was compiled without a loss and has no "
            "penalties",
            hint="Give one: compile(loss='mean_squared_error').",
        )
    if data_loss is None:
        return
    if data_loss.ndim:
        raise ContractError(
            f"the loss {name!r} returned a tensor of shape {tuple(data_loss.shape)}; training "
            "needs one number per batch",
            hint="Use a reduction other than 'none'.",
        )
    if is_trained and not data_loss.requires_grad:
        raise LossWithoutGradientError(
            f"the loss {name!r} has no gradient", hint=_WITHOUT_GRADIENT, where="loss"
        )


@torch.no_grad()
def apply_constraints(constraints: list[tuple[Callable[[Tensor], Tensor], Tensor]]) -> None:
    """Replace each constrained weight by what its constraint makes of it."""
    for constraint, weight in constraints:
        weight.copy_(constraint(weight))


def reset_metrics(compiled: Compiled) -> None:
    """Let every metric forget what it has seen."""
    for entry in compiled.metrics:
        entry.metric.reset_state()


def read_logs(compiled: Compiled, loss: RunningLoss | None) -> dict[str, Any]:
    """Return loss and metrics so far, in the order in which ``evaluate`` returns them.

    A metric with a value for each class or threshold has a list, and one whose result is a dict has a
    log for each key.
    """
    logs: dict[str, Any] = {} if loss is None else {"loss": loss.read()}
    values = read_results(entry.metric.result() for entry in compiled.metrics)
    for entry, value in zip(compiled.metrics, values, strict=True):
        if not isinstance(value, dict):
            value = {entry.name: value}
        for name, item in value.items():
            logs[f"{entry.name}_{name}" if name in logs else name] = item
    return logs
