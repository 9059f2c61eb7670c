"""Losses as data, in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from kplug.components.types import LossLike
from kplug.dialect.serialization import (
    describe_for_keras,
    deserialize_component,
    find_plain_class,
    resolve_whole,
)
from kplug.dialect.writing_components import describe
from kplug.losses.base.formula import find_loss_class
from kplug.losses.base.loss import Loss
from kplug.losses.torch_convention import TorchConvention
from kplug.registry import resolve_object
from kplug.registry.building.reverse_lookup import name_of


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
        ContractError: if it is no loss, or its ``get_config`` leaves out what it was given.

    Example:
        >>> from kplug.losses import Huber
        >>> serialize(Huber(delta=2.0))["config"]
        {'delta': 2.0, 'reduction': 'sum_over_batch_size', 'name': 'huber_loss'}
    """
    owner = find_loss_class(loss)
    if owner is not None and find_plain_class("loss", owner):
        return describe("builtins", "function", name_of(loss), "function")
    return describe_for_keras("loss", loss) or str(resolve_whole("loss", loss).spec)


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
    loss: Loss | None = deserialize_component("loss", name, custom_objects)
    return loss


def get(identifier: LossLike | Mapping[str, Any]) -> Any:
    """Return the loss that a name, dict, class, function or instance stands for; None for None.

    ``torch_convention(…)`` is returned as its `Criterion`, which is called with (input, target).

    Example:
        >>> import torch
        >>> get("huber(delta=2.0)").delta, get("torch_convention(huber)")(torch.ones(2), torch.ones(2))
        (2.0, tensor(0.))
    """
    found = resolve_object("loss", identifier)
    return found.criterion if isinstance(found, TorchConvention) else found
