"""kplug's optimizers behind the calls that Keras's tests make: the same step in another calling shape."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from keras.src import backend as keras_backend

from kplug import optimizers, schedules
from kplug.optimizers import muon

from .imports import Names

# The five whose rule is Keras 2's in kplug (D1); Keras 3's stands in the plugin kplug-keras3.
RULES_OF_KERAS_3 = ("Adadelta", "Adagrad", "Adamax", "Nadam", "RMSprop")


class Count(int):
    """A number that answers to a variable's ``value``."""

    @property
    def value(self) -> int:
        """The number."""
        return int(self)


class Setting:
    """A number of an optimizer as one of Keras's ``optimizer.variables``: read and assigned in place."""

    def __init__(self, read: Callable[[], float], write: Callable[[Any], None]) -> None:
        self._read, self._write = read, write

    @property
    def value(self) -> Any:
        """The number, as an array without dimensions."""
        return np.asarray(self._read())

    def numpy(self) -> Any:
        """The same."""
        return self.value

    def assign(self, value: Any) -> None:
        """Set it."""
        self._write(np.asarray(value).item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self._read(), dtype=dtype)

    def __eq__(self, other: object) -> bool:
        return bool(self._read() == other)

    __hash__ = object.__hash__


class Variables(list[Any]):
    """The variables that ``optimizer.variables`` lists, and their owners."""

    owner: Any


def give_keras_calls() -> None:
    """Let every optimizer of kplug answer to Keras's calls."""
    _find_plugin()  # its classes are among those below
    owner: Any = optimizers.Optimizer
    iterations = owner.iterations
    owner.iterations = property(lambda self: Count(iterations.fget(self)), iterations.fset)
    owner._iterations = property(lambda self: self.param_groups[0]["iterations"])
    owner.variables = property(_list_variables)
    for cls in _all_classes(owner):
        if "build" in vars(cls):
            cls.build = _with_names(vars(cls)["build"])
    owner.apply_gradients = _apply_gradients
    owner.apply = _apply
    owner.stateless_apply = _apply_stateless
    owner.set_weights = _set_weights
    owner.update_step = _update_step
    owner._clip_gradients = _clip
    owner._apply_weight_decay = _apply_weight_decay
    owner._accumulated_gradients = property(lambda self: _list_state(self, "gradient_accumulator"))
    owner._model_variables_moving_average = property(lambda self: _list_state(self, "average"))
    door: Any = optimizers.OptimizerMap
    door.__call__ = lambda self, variable: self[variable.path]
    several: Any = optimizers.MultiOptimizer
    several._var_key = lambda self, variable: id(variable)
    several._var_to_optimizer_idx = property(_find_positions)
    turning: Any = optimizers.Muon
    turning._should_use_adamw = _follows_adam
    turning.zeropower_via_newtonschulz5 = _orthogonalize


def make_stand_ins() -> dict[str, Any]:
    """Return Keras module → stand-in."""
    own: dict[str, Any] = {"serialize": _serialize, "deserialize": optimizers.get}
    own.update({name: getattr(_find_plugin(), name) for name in RULES_OF_KERAS_3})
    rates = Names("schedules", {"serialize": _serialize, "deserialize": schedules.get}, schedules)
    door = Names("optimizers", {**own, "schedules": rates}, optimizers)
    modules = (
        "adadelta adafactor adagrad adam adamax adamw ftrl lamb lion loss_scale_optimizer "
        "multi_optimizer muon nadam optimizer rmsprop schedule_free_adamw sgd"
    )
    table = {f"keras.src.optimizers.{name}": door for name in modules.split()}
    return {
        "keras.src.optimizers": door,
        "keras.src.optimizers.schedules": rates,
        "keras.src.optimizers.schedules.learning_rate_schedule": rates,
        **table,
    }


def _find_plugin() -> Any:
    try:
        return importlib.import_module("kplug_keras3")
    except ImportError:
        return Names(
            "kplug_keras3, which is not installed (pip install -e plugins/kplug-keras3):", {}
        )


def _serialize(instance: Any) -> dict[str, Any]:
    return {"class_name": type(instance).__name__, "config": instance.get_config()}


def _list_parameters(self: Any) -> list[torch.Tensor]:
    return [parameter for group in self.param_groups for parameter in group["params"]]


def _list_state(self: Any, key: str) -> list[torch.Tensor]:
    return [self.state[p][key] for p in _list_parameters(self) if key in self.state.get(p, {})]


def _all_classes(owner: type) -> set[Any]:
    subclasses: list[type] = owner.__subclasses__()
    return {owner}.union(*(_all_classes(one) for one in subclasses))


def _with_names(build: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``build`` for Keras's variables, which know their names."""

    def build_variables(self: Any, variables: Iterable[Any]) -> Any:
        given = list(variables)
        paths = [getattr(variable, "path", "") for variable in given]
        if all(paths):
            given = list(zip(_number(paths), given, strict=True))
        return build(self, given)

    return build_variables


def _find_positions(self: Any) -> dict[int, int]:
    """Return parameter → position of the optimizer that trains it."""
    return {
        id(parameter): position
        for position, optimizer in enumerate(self.optimizers)
        for parameter in _list_parameters(optimizer)
    }


def _number(names: Sequence[str]) -> list[str]:
    """Keras's names may be the same for several variables; torch's may not."""
    return [
        name if name not in names[:position] else f"{name}_{position}"
        for position, name in enumerate(names)
    ]


def _apply_gradients(self: Any, grads_and_vars: Iterable[tuple[Any, torch.Tensor]]) -> None:
    gradients, variables = zip(*grads_and_vars, strict=True)
    _apply(self, gradients, variables)


def _apply(self: Any, grads: Sequence[Any], trainable_variables: Any = None) -> None:
    variables = _list_parameters(self) if trainable_variables is None else trainable_variables
    if not self.built:
        self.build(variables)
    for gradient, variable in zip(grads, variables, strict=True):
        variable.grad = _as_gradient(gradient, variable)
    self.step()
    for variable in variables:
        variable.grad = None


def _as_gradient(gradient: Any, variable: torch.Tensor) -> torch.Tensor | None:
    if gradient is None:
        return None
    made: torch.Tensor = keras_backend.convert_to_tensor(gradient).to(variable.dtype)
    return made.clone()


def _update_step(self: Any, gradient: Any, variable: torch.Tensor, learning_rate: float) -> None:
    """The rule alone, at a rate that is given."""
    self.learning_rate = learning_rate
    variable.grad = _as_gradient(gradient, variable)
    with torch.no_grad():
        self._update(self._iterations)


def _apply_weight_decay(self: Any, variables: Sequence[torch.Tensor]) -> None:
    """The decay alone."""
    self.build(variables)
    for variable in variables:
        variable.grad = torch.zeros_like(variable)
    for group in self.param_groups:
        self._shrink_group(group)


def _follows_adam(self: Any, variable: Any) -> bool:
    self._names[variable] = variable.path
    return bool(self._follows_adam(self.param_groups[0], variable))


def _orthogonalize(self: Any, matrix: torch.Tensor, steps: int) -> torch.Tensor:
    return muon.orthogonalize(matrix, steps, (self.muon_a, self.muon_b, self.muon_c))


def _clip(self: Any, grads: Sequence[Any]) -> list[Any]:
    holders = [torch.nn.Parameter(torch.zeros(np.shape(gradient))) for gradient in grads]
    for holder, gradient in zip(holders, grads, strict=True):
        holder.grad = _as_gradient(gradient, holder)
    if self._common.clipping is not None:
        self._common.clipping.apply(holders)
    return [holder.grad for holder in holders]


def _list_variables(self: Any) -> Variables:
    """Keras's order: the counter, the rate unless a schedule gives it, then each parameter's state."""

    def count(value: float) -> None:
        self.param_groups[0]["iterations"] = int(value)

    def set_rate(value: float) -> None:
        self.learning_rate = value

    found = Variables([Setting(lambda: self.param_groups[0]["iterations"], count)])
    found.owner = self
    if self._schedule is None and hasattr(self, "learning_rate"):
        found.append(Setting(lambda: float(self.learning_rate), set_rate))
    for parameter in _list_parameters(self):
        state = self.state.get(parameter, {})
        found += [value for value in state.values() if torch.is_tensor(value)]
    return found


def _set_weights(self: Any, weights: Variables) -> None:
    """kplug's way to hand the state of one optimizer to another."""
    self.load_state_dict(weights.owner.state_dict())


@torch.no_grad()
def _apply_stateless(
    self: Any, optimizer_variables: Sequence[Any], grads: Sequence[Any], values: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """Step from the given values, return what came out, and leave everything as it was."""
    parameters = _list_parameters(self)
    before = [np.array(v.numpy()) for v in [*self.variables, *parameters]]
    _assign([*self.variables, *parameters], [*optimizer_variables, *values])
    _apply(self, grads, parameters)
    after = [np.array(v.numpy()) for v in [*parameters, *self.variables]]
    _assign([*self.variables, *parameters], before)
    return after[: len(parameters)], after[len(parameters) :]


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=False):
        variable.assign(np.array(value.numpy() if hasattr(value, "numpy") else value))
