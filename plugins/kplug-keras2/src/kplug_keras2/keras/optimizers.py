"""``keras.optimizers`` of Keras 2: kplug's, and the base class of rules that write ``get_updates``."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from typing_extensions import Self

from kplug import backend, optimizers
from kplug_keras2.arguments.aliases import alias_classes
from kplug_keras2.symbolic.updates import UpdateStep


class _OptimizerType(type):
    """The type of the base class, so that kplug's optimizers count as its instances."""

    def __instancecheck__(cls, instance: object) -> bool:
        is_kplugs = cls.__name__ == "Optimizer" and isinstance(instance, optimizers.Optimizer)
        return is_kplugs or super().__instancecheck__(instance)


class Optimizer(metaclass=_OptimizerType):
    """The base of an optimizer that returns its updates.

    ``compile`` takes an instance. ``get_updates`` is called in every step: variables that it makes are kept,
    and what it updates is written at its end.

    Args:
        **settings: ``clipnorm`` and ``clipvalue``, the limits of the gradients.
    """

    clipnorm: float | None = None
    clipvalue: float | None = None

    def __init__(self, **settings: Any) -> None:
        allowed = {"clipnorm", "clipvalue"}
        if set(settings) - allowed:
            names = ", ".join(sorted(set(settings) - allowed))
            raise TypeError(
                f"{type(self).__name__} takes no {names}; the base takes clipnorm, clipvalue"
            )
        vars(self).update(settings)
        self.updates: list[Any] = []
        self.weights: list[Any] = []

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """Return the updates of one step; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__} has no get_updates(self, loss, params)")

    def get_gradients(self, loss: Any, params: Iterable[Tensor]) -> list[Tensor]:
        """Return the gradients of the parameters, within their limits."""
        del loss  # the step has differentiated it
        found = [torch.zeros_like(one) if one.grad is None else one.grad for one in params]
        if self.clipnorm:
            norm = torch.sqrt(sum((one.square().sum() for one in found), torch.zeros(())))
            found = [one * (self.clipnorm / norm.clamp(min=self.clipnorm)) for one in found]
        if self.clipvalue:
            found = [one.clamp(-self.clipvalue, self.clipvalue) for one in found]
        return found

    def get_weights(self) -> list[Any]:
        """Return the values of the optimizer's own variables."""
        return [backend.get_value(one) for one in self.weights]

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Set the optimizer's own variables."""
        for variable, value in zip(self.weights, weights, strict=True):
            backend.set_value(variable, value)

    def get_config(self) -> dict[str, Any]:
        """Return the limits of the gradients; a subclass adds its arguments."""
        return {
            name: getattr(self, name) for name in ("clipnorm", "clipvalue") if getattr(self, name)
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the optimizer of a configuration."""
        return cls(**config)


class UpdatesOptimizer(torch.optim.Optimizer):
    """torch's form of an optimizer with ``get_updates``.

    Args:
        params: The parameters.
        rule: The optimizer of Keras 2. Its attributes, such as ``lr``, are this one's too.
    """

    def __init__(self, params: Iterable[Tensor], rule: Optimizer) -> None:
        self.rule = rule
        self._step = UpdateStep()
        # Their order differs: Keras 1 had the weights first, and `constraints`.
        self._takes = tuple(inspect.signature(rule.get_updates).parameters)
        super().__init__(params, {"lr": float(backend.get_value(getattr(rule, "lr", 0.0)))})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one update."""
        found = None
        if closure is not None:
            with torch.enable_grad():
                found = closure()
        parameters = [one for group in self.param_groups for one in group["params"]]
        held = {name: one for name, one in vars(self.rule).items() if isinstance(one, Tensor)}
        # Copies: `lr *= …` makes another tensor in Keras, and changes the attribute in torch.
        copies = {name: one.clone() for name, one in held.items()}
        vars(self.rule).update(copies)
        try:
            with self._step.collecting({id(copies[name]): one for name, one in held.items()}):
                given: dict[str, Any] = {"loss": None, "params": parameters, "constraints": {}}
                returned = self.rule.get_updates(**{name: given[name] for name in self._takes})
                self._step.write_pairs(returned)
        finally:
            vars(self.rule).update(held)
        return found

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the rule."""
        if name.startswith("__") or "rule" not in vars(self):
            raise AttributeError(name)
        return getattr(self.rule, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set the learning rate of the rule; other attributes are this object's."""
        rate = (
            vars(vars(self).get("rule", self)).get(name)
            if name in ("lr", "learning_rate")
            else None
        )
        if isinstance(rate, Tensor):
            backend.set_value(rate, value)
        else:
            super().__setattr__(name, value)


_users: WeakKeyDictionary[Any, weakref.ref[Any]] = WeakKeyDictionary()


def find_optimizer(optimizer: Any, model: Any) -> Any:
    """Return what ``compile`` takes: for an optimizer with ``get_updates`` a function that builds it.

    An optimizer that trains another model is copied: in Keras 2 each model has averages of its own, so
    scripts compile all their models with one optimizer.
    """
    if isinstance(optimizer, optimizers.Optimizer):
        user = _users.setdefault(optimizer, weakref.ref(model))()
        return optimizer if user is model else type(optimizer).from_config(optimizer.get_config())
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, torch.optim.Optimizer):
        return optimizer

    def build(params: Iterable[Tensor]) -> UpdatesOptimizer:
        return UpdatesOptimizer(params, optimizer)

    return build


def TFOptimizer(optimizer: Any) -> Any:  # noqa: N802 - Keras's name
    """Return the optimizer itself, one of torch's or kplug's."""
    return optimizer


def clip_norm(g: Tensor, c: float, n: Tensor) -> Tensor:
    """Return a gradient whose norm n is at most c."""
    return torch.where(n >= c, g * (c / n), g) if c > 0 else g


def optimizer_from_config(config: Any, custom_objects: Any = None) -> Any:
    """Return the optimizer that a configuration describes; Keras 1's name of ``deserialize``."""
    return optimizers.deserialize(config, custom_objects)


_aliases = {name: one for name, one in alias_classes(optimizers).items() if name != "Optimizer"}
# Keras 2's names of the classes in lower case.
_lower = {
    name: _aliases[today]
    for name, today in (
        *(("adadelta", "Adadelta"), ("adagrad", "Adagrad"), ("adam", "Adam")),
        *(("adamax", "Adamax"), ("nadam", "Nadam"), ("rmsprop", "RMSprop"), ("sgd", "SGD")),
    )
}
globals().update({**_aliases, **_lower})
__all__ = [
    "Optimizer",
    "TFOptimizer",
    *_aliases,
    *_lower,
    "clip_norm",
    "optimizer_from_config",
]
