"""The optimizer of a model, given the weights that it trains."""

from __future__ import annotations

from typing import Any

import torch

from kplug.optimizers.adapt import build_optimizer
from kplug.registry.user_warnings import warn


def prepare_optimizer(model: Any, method: str) -> torch.optim.Optimizer | None:
    """Return the model's optimizer with the parameters that are trainable.

    Returns:
        None if the model has nothing to train.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        warn(f"{method}: model {model.name!r} has no trainable weights, so nothing will change")
        return None
    if model.built_optimizer is None:
        names = {weight: name for name, weight in model.named_weights()}
        model.built_optimizer = build_optimizer(model.compiled.optimizer, parameters, names)
        model.optimized = parameters
    optimizer: torch.optim.Optimizer = model.built_optimizer
    known = {id(parameter) for parameter in model.optimized}
    missing = sum(id(parameter) not in known for parameter in parameters)
    if missing:
        warn(
            f"{method}: {missing} weights of model {model.name!r} became trainable after it was "
            "compiled, and the optimizer does not train them; call compile again"
        )
    return optimizer
