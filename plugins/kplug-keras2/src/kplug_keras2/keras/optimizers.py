"""``keras.optimizers`` of Keras 2: kplug's optimizers, and the base class of ``get_updates`` rules."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from kplug import optimizers
from kplug_keras2.arguments.aliases import alias_classes
from kplug_keras2.symbolic.update_rules import (
    Optimizer,
    UpdatesOptimizer,
    as_component,
    as_torch_form,
    unwrap,
)

_users: WeakKeyDictionary[Any, weakref.ref[Any]] = WeakKeyDictionary()


def find_optimizer(optimizer: Any, model: Any) -> Any:
    """Return an optimizer for ``compile``: rules with ``get_updates`` are adapted.

    An optimizer that trains another model is copied: in Keras 2 the state belongs to the model, so
    scripts compile several models with one optimizer.
    """
    if isinstance(optimizer, optimizers.Optimizer):
        user = _users.setdefault(optimizer, weakref.ref(model))()
        return optimizer if user is model else type(optimizer).from_config(optimizer.get_config())
    return as_torch_form(optimizer)


def get(identifier: Any) -> Any:
    """Return an optimizer from a name, a configuration, a class or an instance."""
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    return identifier if isinstance(identifier, Optimizer) else unwrap(optimizers.get(identifier))


def serialize(optimizer: Any) -> dict[str, Any]:
    """Return the name of an optimizer's class and its configuration."""
    rule = unwrap(optimizer)
    if isinstance(rule, optimizers.Optimizer):
        return dict(optimizers.serialize(rule))
    return {"class_name": type(rule).__name__, "config": rule.get_config()}


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the optimizer that ``serialize`` described."""
    own = {name: as_component(one) for name, one in (custom_objects or {}).items()}
    return unwrap(optimizers.deserialize(config, own))


def TFOptimizer(optimizer: Any) -> Any:  # noqa: N802 - Keras's name
    """Return the optimizer itself, one of torch's or kplug's."""
    return optimizer


def clip_norm(g: Tensor, c: float, n: Tensor) -> Tensor:
    """Return a gradient whose norm n is at most c."""
    return torch.where(n >= c, g * (c / n), g) if c > 0 else g


_aliases = {name: one for name, one in alias_classes(optimizers).items() if name not in globals()}
# Keras 2's names of the classes in lower case.
_lower = {
    name: _aliases[today]
    for name, today in (
        *(("adadelta", "Adadelta"), ("adagrad", "Adagrad"), ("adam", "Adam")),
        *(("adamax", "Adamax"), ("nadam", "Nadam"), ("rmsprop", "RMSprop"), ("sgd", "SGD")),
    )
}
optimizer_from_config = deserialize  # Keras 1's name
globals().update({**_aliases, **_lower})
__all__ = [
    "Optimizer",
    "TFOptimizer",
    "UpdatesOptimizer",
    *_aliases,
    *_lower,
    "clip_norm",
    "deserialize",
    "get",
    "optimizer_from_config",
    "serialize",
]
