"""Optimizers by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast, overload

import torch

from kplug.components.types import OptimizerLike
from kplug.dialect.serialization import deserialize_component
from kplug.errors import ContractError
from kplug.optimizers.adapt import TorchOptimizerFactory, as_optimizer, give_parameters
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.parameters import divide_by_names
from kplug.optimizers.base.wrapper import describe
from kplug.registry import resolve_object


@overload
def get(
    identifier: OptimizerLike | Mapping[str, Any],
) -> torch.optim.Optimizer | TorchOptimizerFactory: ...


@overload
def get(
    identifier: OptimizerLike | Mapping[str, Any],
    params: Iterable[Any],
    groups: Mapping[str, Mapping[str, Any]] | None = None,
) -> torch.optim.Optimizer: ...


def get(
    identifier: object,
    params: Iterable[Any] | None = None,
    groups: Mapping[str, Mapping[str, Any]] | None = None,
) -> torch.optim.Optimizer | TorchOptimizerFactory:
    """Return the optimizer that the identifier means: for any loop, if it is given parameters.

    Args:
        identifier: A name, spec, dict, class, factory or instance, of kplug, torch or a plugin.
        params: What it trains: ``model.parameters()``, ``model.named_parameters()``, or parameter groups, a
            list of dicts with ``params`` and settings, under the names of the optimizer's arguments. Without
            it, ``compile`` or ``build`` gives the parameters.
        groups: Settings by regular expression, which is searched for in the names of ``params``. The
            parameters that none finds are the first group.

    Returns:
        A ``torch.optim.Optimizer``. Without ``params``, also something that makes one.

    Raises:
        ResolutionError: If nothing has that name.
        ContractError: If there is nothing to train, a parameter cannot be trained or has no name for
            ``groups``, a group is empty, or two groups share a parameter.
        ArgumentError: If a group has a setting that the optimizer lacks.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LayerNorm(3))
        >>> no_decay = {"bias$|^1": {"weight_decay": 0.0}}
        >>> optimizer = get("adamw(lr=1e-3, weight_decay=0.01)", model.named_parameters(), no_decay)
        >>> [(len(group["params"]), group["weight_decay"]) for group in optimizer.param_groups]
        [(1, 0.01), (3, 0.0)]
    """
    found = cast(
        "torch.optim.Optimizer | TorchOptimizerFactory", resolve_object("optimizer", identifier)
    )
    if params is None:
        return found
    if groups is not None:
        params = divide_by_names(getattr(found, "name", type(found).__name__), params, groups)
    return give_parameters(as_optimizer(found), params)


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
