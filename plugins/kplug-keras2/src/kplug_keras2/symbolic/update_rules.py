"""Optimizers that define ``get_updates``, adapted to torch's optimizers."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from kplug import backend, optimizers
from kplug.errors import WeightsError
from kplug_keras2.symbolic.updates import UpdateStep


class _OptimizerType(type):
    """The metaclass of the base class, which treats kplug's optimizers as instances."""

    def __instancecheck__(cls, instance: object) -> bool:
        is_kplugs = cls.__name__ == "Optimizer" and isinstance(instance, optimizers.Optimizer)
        return is_kplugs or super().__instancecheck__(instance)


class Optimizer(metaclass=_OptimizerType):
    """The base class of optimizers that return their updates.

    ``compile`` accepts an instance. Each step calls ``get_updates``: its variables persist, and its updates
    are applied at the end of the step.

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
        """Return the updates of one step; a subclass implements it."""
        raise NotImplementedError(f"{type(self).__name__} has no get_updates(self, loss, params)")

    def get_gradients(self, loss: Any, params: Iterable[Tensor]) -> list[Tensor]:
        """Return the clipped gradients of the parameters."""
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
        """Return the clipping arguments; a subclass adds its own."""
        return {
            name: getattr(self, name) for name in ("clipnorm", "clipvalue") if getattr(self, name)
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the optimizer of a configuration."""
        return cls(**config)


class UpdatesOptimizer(optimizers.Optimizer):
    """A torch optimizer that applies a rule with ``get_updates``; files name the rule's class.

    Args:
        rule: The rule. Its attributes, such as ``lr``, are also the optimizer's.
        **config: Alternatively, its configuration.

    Attributes:
        rule_class: The class of the rule.
    """

    rule_class: ClassVar[Any] = Optimizer

    def __init__(self, rule: Any = None, **config: Any) -> None:
        rule = self.rule_class.from_config(config) if rule is None else rule
        vars(self)["rule"] = rule
        for one in _list_state(rule)[0].values():
            one.requires_grad_(False)  # scripts read them as numbers
        self._step = UpdateStep()
        # The argument order differs: Keras 1 takes the weights first, then `constraints`.
        self._takes = tuple(inspect.signature(rule.get_updates).parameters)
        self._start(float(backend.get_value(getattr(rule, "lr", 0.0))), {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one update."""
        found = None
        if closure is not None:
            with torch.enable_grad():
                found = closure()
        parameters = [one for group in self.param_groups for one in group["params"]]
        held = self._list_held()
        # Copies: `lr *= …` creates a new tensor in Keras, but changes the attribute in torch.
        copies = {name: one.clone() for name, one in held.items()}
        vars(self.rule).update(copies)
        originals = {id(copies[name]): one for name, one in held.items()}
        try:
            with self._step.collecting(originals):
                given: dict[str, Any] = {"loss": None, "params": parameters, "constraints": {}}
                returned = self.rule.get_updates(**{name: given[name] for name in self._takes})
                self._step.write_pairs(returned)
        finally:
            vars(self.rule).update(held)
        kept = getattr(self.rule, "weights", None)
        if isinstance(kept, list):
            kept[:] = [originals.get(id(one), one) for one in kept]
        return found

    def _list_held(self) -> dict[str, Tensor]:
        return {name: one for name, one in vars(self.rule).items() if isinstance(one, Tensor)}

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the rule."""
        if name.startswith("__") or "rule" not in vars(self):
            raise AttributeError(name)
        return getattr(self.rule, name)

    def get_updates(self, *args: Any, **named: Any) -> Any:
        """Return the updates of the rule."""
        return self.rule.get_updates(*args, **named)

    def get_weights(self) -> list[Any]:
        """Return the values of the rule's own variables."""
        return list(self.rule.get_weights())

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Set the rule's own variables."""
        self.rule.set_weights(weights)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration of the rule."""
        return {
            name: one.item() if isinstance(one, (np.generic, np.ndarray)) and one.ndim == 0 else one
            for name, one in self.rule.get_config().items()
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the optimizer for the configuration of a rule."""
        known = inspect.signature(cls.rule_class.__init__).parameters
        given = dict(config)
        for name, other in (("lr", "learning_rate"), ("learning_rate", "lr")):
            if name in given and name not in known and other in known:
                given[other] = given.pop(name)
        return cls(cls.rule_class.from_config(given))

    def state_dict(self) -> dict[str, Any]:
        """Return the state of torch's optimizers, of the rule, and of the optimizers inside."""
        held, inner = _list_state(self.rule)
        return {
            **super().state_dict(),
            "variables": [one.detach().clone() for one in self._step.variables],
            "attributes": {name: one.detach().clone() for name, one in held.items()},
            "optimizers": {name: one.state_dict() for name, one in inner.items() if one.built},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Set them.

        Raises:
            WeightsError: The variables are missing or differ; nothing is set.
        """
        (held, inner), given = _list_state(self.rule), state_dict.get("attributes", {})
        variables, states = state_dict.get("variables"), state_dict.get("optimizers", {})
        if variables is None or held.keys() != given.keys() or states.keys() - inner.keys():
            raise WeightsError(f"the stored state is not of a {self.rule_class.__name__}")
        parameters = [one for group in self.param_groups for one in group["params"]]
        for name, state in states.items():
            if not inner[name].built:
                inner[name].build([one for one in parameters if one.requires_grad])
            inner[name].load_state_dict(state)
        super().load_state_dict({name: state_dict[name] for name in ("state", "param_groups")})
        self._step.variables[:] = variables
        for name, one in held.items():
            backend.set_value(one, given[name])


def _list_state(
    rule: Any, prefix: str = "", around: tuple[Any, ...] = ()
) -> tuple[dict[str, Tensor], dict[str, optimizers.Optimizer]]:
    """Return the tensors of a rule and of the rules inside, and kplug's optimizers inside, by attribute."""
    around = (*around, rule)  # `self.__dict__.update(locals())` makes a rule an attribute of itself
    held: dict[str, Tensor] = {}
    inner: dict[str, optimizers.Optimizer] = {}
    for name, one in vars(rule).items():
        if isinstance(one, Tensor):
            held[prefix + name] = one
        elif isinstance(one, optimizers.Optimizer):
            inner[prefix + name] = one
        elif isinstance(one, Optimizer) and not any(one is each for each in around):
            more = _list_state(one, f"{prefix}{name}.", around)
            held |= more[0]
            inner |= more[1]
    return held, inner


def _of_rule(*names: str) -> property:
    """Return a property that reads the rule's first attribute of these names."""

    def read(self: Any) -> Any:
        return next((getattr(self.rule, one) for one in names if hasattr(self.rule, one)), 0.0)

    def write(self: Any, value: Any) -> None:
        for name in names:
            known = getattr(self.rule, name, None)
            if isinstance(known, Tensor):
                backend.set_value(known, value)
            elif known is not None:
                setattr(self.rule, name, value)

    return property(read, write)


# Not in the class, where they would need the types of kplug's.
for _names in (("lr", "learning_rate"), ("learning_rate", "lr"), ("iterations",), ("decay",)):
    setattr(UpdatesOptimizer, _names[0], _of_rule(*_names))
for _name in ("clipnorm", "clipvalue", "weights"):
    setattr(UpdatesOptimizer, _name, _of_rule(_name))


@functools.cache
def _find_form(rule_class: Any) -> type[UpdatesOptimizer]:
    """Return the optimizer class of a class of rules, with its name."""
    names = {"rule_class": rule_class, "__module__": rule_class.__module__}
    return type(rule_class.__name__, (UpdatesOptimizer,), names)


def as_torch_form(optimizer: Any) -> Any:
    """Return the optimizer of a rule; return other values unchanged."""
    if type(optimizer) is Optimizer or not isinstance(type(optimizer), _OptimizerType):
        return optimizer
    rule_class: Any = type(optimizer)
    return _find_form(rule_class)(optimizer)


def as_component(value: Any) -> Any:
    """Return the optimizer class of a class of rules; return other values unchanged."""
    return _find_form(value) if isinstance(value, _OptimizerType) else value


def unwrap(optimizer: Any) -> Any:
    """Return the rule of an optimizer, or the optimizer itself."""
    return optimizer.rule if isinstance(optimizer, UpdatesOptimizer) else optimizer
