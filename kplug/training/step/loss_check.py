"""Refuse a loss that cannot train a model."""

from __future__ import annotations

from kplug.errors import ContractError, LossWithoutGradientError
from kplug.training.compiled import Compiled
from kplug.training.step.forward import ForwardResult

_WITHOUT_GRADIENT = (
    "No gradient reaches the model's weights. A comparison such as `y_pred > thresh`, rounding and "
    "argmax are constant almost everywhere, and detach(), .numpy() or no_grad() cut the "
    "connection. Make the loss differentiable (keep y_pred as it is, or let the gradient pass "
    "straight through the threshold), or pass the function as one of metrics=[…] and train on "
    "another loss."
)


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
        # The layers of one output may be frozen, if those of another are not.
        is_expected = outcome.predictions[entry.index].requires_grad or not has_gradient
        if is_trained and is_expected and not loss.requires_grad:
            raise LossWithoutGradientError(
                f"the loss {name!r} has no gradient",
                hint=_WITHOUT_GRADIENT,
                where=entry.filled.slot,
            )
