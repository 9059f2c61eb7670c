"""Which of torch's implementations runs an update, and how to reach it from a subclass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, cast

import torch

_FUSED_DTYPES = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_PLAIN_TYPES = frozenset({torch.Tensor, torch.nn.Parameter})


def get_unhooked_step(optimizer_class: type[torch.optim.Optimizer]) -> Callable[..., Any]:
    """Return ``optimizer_class.step`` without the wrapper that runs step hooks and the profiler.

    torch wraps ``step`` once for each class that is instantiated. A subclass that called the parent's
    wrapped one would run every hook twice, and pay for the profiler's record twice.
    """
    step = cast("Callable[..., Any]", optimizer_class.step)
    while getattr(step, "hooked", False):
        step = step.__wrapped__  # type: ignore[attr-defined]
    return step


def can_fuse(parameters: Iterable[torch.Tensor], devices: Collection[str]) -> bool:
    """Tell whether one fused kernel call can update all parameters."""
    return all(
        type(parameter) in _PLAIN_TYPES
        and parameter.device.type in devices
        and parameter.dtype in _FUSED_DTYPES
        and parameter.layout is torch.strided
        for parameter in parameters
    )


def can_use_foreach(parameters: Iterable[torch.Tensor]) -> bool:
    """Tell whether torch's list operations apply: they save most of the time on small tensors."""
    return all(
        type(parameter) in _PLAIN_TYPES and parameter.layout is torch.strided
        for parameter in parameters
    )
