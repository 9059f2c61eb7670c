"""Mixed precision: autocast types of a step, and loss scaling for float16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from kplug.components.arguments import list_words, refusal
from kplug.dtype_policies import find_program_precision
from kplug.errors import ContractError
from kplug.layers.base.reduced_precision import REDUCED_TYPES, call_reduced
from kplug.optimizers import LossScaleOptimizer
from kplug.optimizers.base.optimizer import Optimizer
from kplug.registry.building.reverse_lookup import name_of
from kplug.training.execution_options import AUTO

_WHY_NOT_AUTO = (
    ". A short trial would show which is faster, but not whether the trained model is as good: train with "
    "both and compare. `kplug env` shows whether the processor has bfloat16"
)


def read_precision(precision: object) -> torch.dtype | None:
    """Return the type that ``"bf16"`` or ``"fp16"`` stands for.

    None means the global policy's compute type if the policy is mixed, else the type of the weights.

    Raises:
        ArgumentValueError: If it is another value.
    """
    precision = find_program_precision() if precision is None else precision
    if precision is None:
        return None
    if not isinstance(precision, str) or precision not in REDUCED_TYPES:
        why = _WHY_NOT_AUTO if precision == AUTO else ""
        raise refusal("compile", "precision", precision, f"None, {list_words(REDUCED_TYPES)}{why}")
    return REDUCED_TYPES[precision]


def name_precision(dtype: torch.dtype | None) -> str | None:
    """Return the name of a type, as `read_precision` reads it."""
    return next((name for name, known in REDUCED_TYPES.items() if known is dtype), None)


def compute_predictions(model: Callable[[Any], Any], inputs: Any, dtype: torch.dtype | None) -> Any:
    """Return the predictions of a model, computed in reduced precision if a type is given.

    The model runs under ``torch.autocast``. Its outputs are cast back to float32: losses, penalties and
    metrics are computed outside of autocast. In reduced precision a probability clipped at 1 − 1e-7 would
    round to 1, and its logarithm would be lost.
    """
    return model(inputs) if dtype is None else call_reduced(model, (inputs,), {}, dtype)


def with_loss_scaling(optimizer: Any, dtype: torch.dtype | None) -> Any:
    """Return an optimizer with loss scaling for float16, whose gradients would otherwise underflow.

    bfloat16 has the range of float32, so it needs no scaling.

    Raises:
        ContractError: If loss scaling is needed and the optimizer is not one of kplug's.
    """
    if dtype is not torch.float16 or optimizer is None:
        return optimizer
    if not isinstance(optimizer, Optimizer):
        name = getattr(optimizer, "name", None) or name_of(type(optimizer))
        raise ContractError(
            f"precision='fp16' needs an optimizer that scales the loss, and torch's {name} does not",
            hint="Name one of kplug's, such as 'adam', which compile wraps in LossScaleOptimizer; or take "
            "precision='bf16', which needs no scale.",
        )
    return optimizer if optimizer.scales_loss else LossScaleOptimizer(optimizer)
