"""Optimizers with Keras's names, signatures and rules; each is a ``torch.optim.Optimizer``.

``get`` takes a name, a spec, a dict, a class or an instance, and torch's own optimizers as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch

from kplug.errors import ContractError
from kplug.optimizers.adadelta import Adadelta
from kplug.optimizers.adafactor import Adafactor
from kplug.optimizers.adagrad import Adagrad
from kplug.optimizers.adam import Adam
from kplug.optimizers.adamax import Adamax
from kplug.optimizers.adamw import AdamW
from kplug.optimizers.adapt import TorchOptimizerFactory, as_optimizer, build_optimizer
from kplug.optimizers.arguments import (
    DefaultRate,
    require_beta,
    require_epsilon,
    require_nonnegative,
    require_rho,
)
from kplug.optimizers.base import Optimizer
from kplug.optimizers.common import CommonArguments, takes_common
from kplug.optimizers.ftrl import Ftrl
from kplug.optimizers.lamb import Lamb
from kplug.optimizers.lion import Lion
from kplug.optimizers.loss_scale import LossScaleOptimizer
from kplug.optimizers.multi import MultiOptimizer, OptimizerMap
from kplug.optimizers.muon import Muon
from kplug.optimizers.nadam import Nadam
from kplug.optimizers.rmsprop import RMSprop
from kplug.optimizers.rule import RuleOptimizer
from kplug.optimizers.schedule_free import ScheduleFreeAdamW
from kplug.optimizers.settings import GroupSetting
from kplug.optimizers.sgd import SGD
from kplug.optimizers.wrappers import describe
from kplug.registry import resolve_object
from kplug.serialization import deserialize_component


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


__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "CommonArguments",
    "DefaultRate",
    "Ftrl",
    "GroupSetting",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "RuleOptimizer",
    "ScheduleFreeAdamW",
    "TorchOptimizerFactory",
    "as_optimizer",
    "build_optimizer",
    "deserialize",
    "get",
    "require_beta",
    "require_epsilon",
    "require_nonnegative",
    "require_rho",
    "serialize",
    "takes_common",
]
