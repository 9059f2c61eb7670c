"""Optimizers with Keras's names, signatures and rules; each is a ``torch.optim.Optimizer``.

``get`` takes a name, a spec, a dict, a class or an instance, and torch's own optimizers as well.
"""

from __future__ import annotations

from typing import cast

import torch

from kplug.optimizers.adadelta import Adadelta
from kplug.optimizers.adagrad import Adagrad
from kplug.optimizers.adam import Adam
from kplug.optimizers.adapt import TorchOptimizerFactory, as_optimizer, build_optimizer
from kplug.optimizers.base import Optimizer
from kplug.optimizers.nadam import Nadam
from kplug.optimizers.rmsprop import RMSprop
from kplug.optimizers.sgd import SGD
from kplug.registry import resolve_object


def get(identifier: object) -> torch.optim.Optimizer | TorchOptimizerFactory:
    """Return the optimizer that the identifier means; ``build_optimizer`` gives it its parameters."""
    return cast(
        "torch.optim.Optimizer | TorchOptimizerFactory", resolve_object("optimizer", identifier)
    )


__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "TorchOptimizerFactory",
    "as_optimizer",
    "build_optimizer",
    "get",
]
