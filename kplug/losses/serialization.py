"""Losses as data, in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from kplug.losses.base.formula import FormulaLoss, find_loss_class
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
    if isinstance(loss, FormulaLoss) and _is_known_to_keras(type(loss)):
        return {
            "module": "keras.losses",
            "class_name": type(loss).__name__,
            "config": loss.get_config(),
            "registered_name": None,
        }
    owner = find_loss_class(loss)
    if owner is not None and _is_known_to_keras(owner):
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


def _is_known_to_keras(owner: type[FormulaLoss]) -> bool:
    """Return whether Keras has the class too: all that are declared in this package."""
    return owner.__module__.startswith("kplug.losses.")
