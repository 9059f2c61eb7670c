"""Warnings about sample weights that are probably mistakes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.layers.base.layer_warnings import warn_once
from kplug.training.data.samples import list_arrays
from kplug.training.model_protocol import TrainableModel

_NEGATIVE, _ZERO = "negative sample weights", "sample weights of zero"


def check_weights(
    model: TrainableModel, weights: Any, method: str, *, is_batch: bool = False
) -> None:
    """Warn of negative sample weights, and of data whose weights are all 0.

    Args:
        model: The model.
        weights: The weights, nested as the outputs are; or None.
        method: The method they were given to.
        is_batch: Whether the samples are one batch of several, whose weights may all be 0.
    """
    if weights is None:
        return
    arrays: list[Tensor] = list_arrays(weights)
    if not arrays or _NEGATIVE in model._told:
        return
    # Reading the weights of a batch on a GPU would synchronize every step.
    is_of_a_step = is_batch or method.endswith("_on_batch")
    if is_of_a_step and any(array.device.type != "cpu" for array in arrays):
        return
    lowest = min(float(array.min()) for array in arrays)
    if lowest < 0:
        warn_once(
            model,
            _NEGATIVE,
            f"{method}: sample_weight holds {lowest:.6g}, and where a weight is negative, training makes the "
            "loss larger. Give weights >= 0, unless that is what you want, as with advantages of actions.",
        )
    elif not is_batch and not any(bool(array.any()) for array in arrays):
        warn_once(model, _ZERO, f"{method}: every sample_weight is 0, so that no sample counts.")
