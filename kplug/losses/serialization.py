"""Losses as data, in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from kplug.losses.adapt import BUILT_IN_CLASSES, find_loss_class
from kplug.losses.base.loss import Loss
from kplug.registry import resolve, resolve_object, scope


@final
class Reduction:
    """The reductions under tf-keras's names.

    ``AUTO`` is what ``auto`` stands for outside a distribution strategy: the mean over the batch.
    """

    AUTO = "sum_over_batch_size"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"


def serialize(loss: object) -> dict[str, Any] | str:
    """Return a loss as data that JSON can hold and `deserialize` reads.

    Args:
        loss: A loss, or a function of ``(y_true, y_pred)``.

    Returns:
        For the losses that Keras has and their plain functions, Keras 3's dict, which Keras reads too;
        for any other, its spec as text.

    Raises:
        ContractError: if it is no loss.

    Example:
        >>> from kplug.losses import Huber
        >>> serialize(Huber(delta=2.0))["config"]
        {'delta': 2.0, 'reduction': 'sum_over_batch_size', 'name': 'huber_loss'}
    """
    if type(loss) in BUILT_IN_CLASSES and isinstance(loss, Loss):
        return {
            "module": "keras.losses",
            "class_name": type(loss).__name__,
            "config": loss.get_config(),
            "registered_name": None,
        }
    if find_loss_class(loss) is not None:
        return {
            "module": "builtins",
            "class_name": "function",
            "config": getattr(loss, "__name__", ""),
            "registered_name": "function",
        }
    return str(resolve("loss", loss).spec)


def deserialize(name: object, custom_objects: Mapping[str, Any] | None = None) -> Loss | None:
    """Return the loss that data describes: a name, a spec, or a dict of Keras 2, tf-keras or Keras 3.

    Args:
        name: What `serialize` returned, or Keras's own.
        custom_objects: Losses by name, known for this call only.

    Raises:
        ResolutionError: if nothing has that name.

    Example:
        >>> deserialize({"class_name": "Huber", "config": {"delta": 2.0}}).delta
        2.0
    """
    with scope(losses=dict(custom_objects or {})):
        loss: Loss | None = resolve_object("loss", name)
    return loss


def get(identifier: object) -> Loss | None:
    """Return the loss that a name, dict, class, function or instance stands for; None for None."""
    loss: Loss | None = resolve_object("loss", identifier)
    return loss
