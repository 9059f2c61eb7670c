"""Adds Keras 2's methods to kplug's classes, and removes them."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

import kplug
from kplug.callbacks import CallbackList
from kplug.graph import Node, SymbolicTensor
from kplug.layers import InputLayer, Lambda, Layer
from kplug.models import Functional
from kplug_keras2.models import branches, graph_names
from kplug_keras2.models.log_names import OF_CALLBACK_LISTS
from kplug_keras2.models.methods import METHODS
from kplug_keras2.symbolic import numpy_functions, operands
from kplug_keras2.symbolic.fixed_inputs import OF_INPUT_LAYERS
from kplug_keras2.symbolic.functions import OF_LAMBDAS
from kplug_keras2.symbolic.in_place import OPERATORS
from kplug_keras2.symbolic.training import OF_COMPILED, OF_OPTIMIZERS
from kplug_keras2.symbolic.updates import write_pending

_GIVEN: dict[type, dict[str, Any]] = {
    kplug.Model: {**METHODS, **graph_names.OF_MODELS, **OF_COMPILED},
    CallbackList: OF_CALLBACK_LISTS,
    Functional: graph_names.OF_FUNCTIONAL,
    kplug.Sequential: {"add": branches.add, **graph_names.OF_CHAINS},
    kplug.optimizers.Optimizer: OF_OPTIMIZERS,
    InputLayer: OF_INPUT_LAYERS,
    Lambda: OF_LAMBDAS,
    Layer: graph_names.OF_LAYERS,
    Node: graph_names.OF_NODES,
    kplug.regularizers.Regularizer: graph_names.OF_REGULARIZERS,
    SymbolicTensor: {**graph_names.OF_SYMBOLIC_TENSORS, **operands.OPERATORS},
    torch.nn.Parameter: graph_names.OF_WEIGHTS,
    torch.Tensor: {**graph_names.OF_TENSORS, **numpy_functions.OF_TENSORS, **OPERATORS},
}
_hooks: list[Any] = []
_former: list[tuple[type, str, Any]] = []


def give_methods() -> None:
    """Add Keras 2's methods and attributes to kplug's classes, for the whole process."""
    for owner, names in _GIVEN.items():
        for name, one in names.items():
            _former.append((owner, name, vars(owner).get(name)))
            setattr(owner, name, one)
    _hooks.append(register_optimizer_step_post_hook(write_pending))


def take_methods() -> None:
    """Restore the classes' own methods and attributes."""
    for owner, name, one in _former:
        if one is None:
            delattr(owner, name)
        else:
            setattr(owner, name, one)
    _former.clear()
    while _hooks:
        _hooks.pop().remove()
