"""Adapts functions, classes and ``torch.nn`` modules to `Loss`, the type that training uses."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from kplug.components.contracts import instantiate
from kplug.errors import ContractError
from kplug.losses.base.formula import find_loss_class
from kplug.losses.base.function import FunctionLoss
from kplug.losses.base.loss import Loss
from kplug.losses.base.torch_loss import TorchLoss
from kplug.losses.torch_convention import Criterion
from kplug.registry.quoting import quote


def as_loss(candidate: object) -> Loss:
    """Return the candidate as a `Loss`.

    A `Loss` is kept, a `Criterion` stands for its loss. A ``torch.nn`` module becomes a `TorchLoss`, with
    the argument order adapted. A class of either sort is called without arguments first. Any other callable
    is a function of ``(y_true, y_pred)`` and becomes a `FunctionLoss`.

    Raises:
        ContractError: if it is none of these.

    Example:
        >>> as_loss(nn.MSELoss).name
        'mse_loss'
    """
    if isinstance(candidate, Loss):
        return candidate
    if isinstance(candidate, Criterion):
        return candidate.loss
    if isinstance(candidate, type):
        return as_loss(instantiate(candidate, "a loss"))
    if isinstance(candidate, nn.Module):
        return TorchLoss(candidate)
    if not callable(candidate):
        raise ContractError(
            f"{quote(candidate)} is no loss",
            hint="A loss is a name, a kplug.losses.Loss, a torch.nn loss module, or a function of "
            "(y_true, y_pred).",
        )
    known = _make_known(candidate)
    return FunctionLoss(candidate) if known is None else known


def _make_known(candidate: Callable[..., Any]) -> Loss | None:
    """Return the loss whose formula a function is, also of a function with keywords bound to it.

    What the class knows and the function cannot say, such as which values are left out, then counts.
    """
    if not isinstance(candidate, functools.partial):
        owner = find_loss_class(candidate)
        return None if owner is None else as_loss(owner)
    owner = find_loss_class(candidate.func)
    if owner is None or candidate.args:
        return None
    is_taken = candidate.keywords.keys() <= inspect.signature(owner).parameters.keys()
    return owner(**candidate.keywords) if is_taken else None
