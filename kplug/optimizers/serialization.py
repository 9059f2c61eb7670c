"""Optimizers by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch

from kplug.dialect.serialization import deserialize_component
from kplug.errors import ContractError
from kplug.optimizers.adapt import TorchOptimizerFactory
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.wrapper import describe
from kplug.registry import resolve_object


def get(identifier: object) -> torch.optim.Optimizer | TorchOptimizerFactory:
    """Return the optimizer that the identifier means; ``build_optimizer`` gives it its parameters."""
    return cast(
        "torch.optim.Optimizer | TorchOptimizerFactory", resolve_object("optimizer", identifier)
    )


def serialize(optimizer: object) -> dict[str, Any]:
    """Return an optimizer without its parameters and state, as data that JSON can hold.

    Returns:
        Its qualified name, and its configuration.

    Raises:
        ContractError: If it does not know its configuration, as torch's own do not.

    Example:
        >>> from kplug.optimizers import SGD
        >>> serialize(SGD(lr=0.5))["class_name"]
        'kplug/sgd'
    """
    if not isinstance(optimizer, Optimizer):
        raise ContractError(
            f"serialize: {type(optimizer).__name__} cannot describe itself",
            hint="Keep the text that names it, such as 'torch/adamw(lr=1e-3)'.",
        )
    return describe(optimizer)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the optimizer that `serialize`, or any Keras, has written."""
    return deserialize_component("optimizer", config, custom_objects)
