"""Loss scaling, gradient accumulation and moving averages of weights, around an optimizer's update.

Their tensors stand in the optimizer's state beside those of the rule, so ``state_dict`` carries them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch

from kplug.optimizers.base.common_arguments import Extras
from kplug.optimizers.base.torch_kernels import make_dense

if TYPE_CHECKING:
    from kplug.optimizers.base.optimizer import Optimizer

AVERAGE, ACCUMULATOR = "average", "gradient_accumulator"


@torch.no_grad()
def step_with_extras(optimizer: Optimizer, extras: Extras, iteration: int) -> None:
    """Make one step; the gradients that the user sees are not written to.

    Args:
        optimizer: The optimizer, which has parameters.
        extras: What to do beside the update.
        iteration: How many steps were made.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moving = [parameter for parameter in parameters if parameter.grad is not None]
    given = [parameter.grad for parameter in moving]
    updates = iteration // (extras.gradient_accumulation_steps or 1)
    try:
        make_dense(moving)
        unscale(moving, extras.loss_scale_factor)
        if accumulate(optimizer, moving, extras.gradient_accumulation_steps, iteration):
            optimizer._advance(iteration, updates)
    finally:
        for parameter, gradient in zip(moving, given, strict=True):
            parameter.grad = gradient
    if extras.use_ema:
        average(optimizer, parameters, *plan_average(extras, updates))


def write_averages(optimizer: Optimizer, parameters: Iterable[torch.Tensor] | None = None) -> None:
    """Give the parameters their moving averages, where there are some."""
    if parameters is None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
    with torch.no_grad():
        for parameter in parameters:
            average = optimizer.state.get(parameter, {}).get(AVERAGE)
            if average is not None:
                parameter.copy_(average)


def unscale(parameters: list[torch.Tensor], factor: float | None) -> None:
    """Divide the gradients by a factor, into new tensors."""
    if factor is not None:
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = parameter.grad / factor


def accumulate(
    optimizer: Optimizer, parameters: list[torch.Tensor], steps: int | None, iteration: int
) -> bool:
    """Collect the gradients and tell whether it is time to update, with their mean in ``grad``."""
    if steps is None:
        return True
    is_due = (iteration + 1) % steps == 0
    for parameter in parameters:
        state, gradient = optimizer.state[parameter], parameter.grad
        if gradient is None:
            continue
        if ACCUMULATOR not in state:
            state[ACCUMULATOR] = torch.zeros_like(parameter)
        if is_due:
            parameter.grad = (gradient + state[ACCUMULATOR]) / steps
        else:
            state[ACCUMULATOR] += gradient
    if is_due:
        _forget(optimizer)
    return is_due


def _forget(optimizer: Optimizer) -> None:
    for state in optimizer.state.values():
        if ACCUMULATOR in state:
            state[ACCUMULATOR].zero_()


def plan_average(extras: Extras, updates: int) -> tuple[float, bool]:
    """Return the momentum of the averages for one update, and whether the weights become them."""
    momentum = extras.ema_momentum if updates else 0.0  # the first average is the weight itself
    frequency = extras.ema_overwrite_frequency
    return momentum, frequency is not None and (updates + 1) % frequency == 0


def average(
    optimizer: Optimizer, parameters: list[torch.Tensor], momentum: Any, is_written: bool
) -> None:
    """Let the averages follow the weights; with ``is_written`` the weights then become them."""
    for parameter in parameters:
        state = optimizer.state[parameter]
        if AVERAGE not in state:
            state[AVERAGE] = torch.zeros_like(parameter)
        state[AVERAGE].mul_(momentum).add_(parameter, alpha=1.0 - momentum)
    if is_written:
        write_averages(optimizer, parameters)
