"""Reads and sets the learning rates of kplug's and torch's optimizers."""

from __future__ import annotations

import itertools
from typing import Any


def get_learning_rate(optimizer: Any) -> float:
    """Return the learning rate of a kplug or torch optimizer (of its first group)."""
    if hasattr(optimizer, "learning_rate"):
        return float(optimizer.learning_rate)
    return float(optimizer.param_groups[0]["lr"])


def set_learning_rate(optimizer: Any, value: float) -> None:
    """Set the learning rate of a kplug or torch optimizer; several groups keep their ratios."""
    if hasattr(optimizer, "learning_rate"):
        optimizer.learning_rate = value
        return
    first = float(optimizer.param_groups[0]["lr"])
    for group in optimizer.param_groups:
        # A capturable optimizer holds its rate in a tensor, which must be updated in place.
        ratio = float(group["lr"]) / first if first else 1.0
        if hasattr(group["lr"], "fill_"):
            group["lr"].fill_(value * ratio)
        else:
            group["lr"] = value * ratio


def rated_optimizers(optimizer: Any) -> dict[str, Any]:
    """Return the optimizers with their own learning rate, by the name of its log.

    Returns:
        ``{"learning_rate": optimizer}``; for a ``MultiOptimizer`` the inner ones by their names.

    Example:
        >>> import torch
        >>> list(rated_optimizers(torch.optim.SGD([torch.zeros(1)], lr=0.1)))
        ['learning_rate']
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # of a LossScaleOptimizer
    if not hasattr(inner, "optimizers"):
        return {"learning_rate": optimizer}
    found: dict[str, Any] = {}
    for each in inner.optimizers:
        if each.built or not inner.built:  # one without weights has no rate to report
            name = f"learning_rate_{each.name}"
            numbered = (f"{name}_{number}" for number in itertools.count(1))
            free = (one for one in itertools.chain([name], numbered) if one not in found)
            found[next(free)] = each
    return found


def read_rates(optimizer: Any) -> dict[str, float]:
    """Return the learning rates as logs."""
    return {name: get_learning_rate(each) for name, each in rated_optimizers(optimizer).items()}
