"""Custom training loops with ``K.function`` and an optimizer's updates."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

import kplug
from kplug import backend
from kplug.graph import is_symbolic
from kplug_keras2.symbolic.connecting import FunctionLayer
from kplug_keras2.symbolic.functions import gradients
from kplug_keras2.symbolic.updates import is_collecting, update


class OptimizerStep:
    """The result of ``get_updates`` for a symbolic loss: one step, run by a function.

    Args:
        optimizer: The optimizer, which gets its parameters in the first step.
        loss: The symbolic loss.
        params: The weights.
    """

    def __init__(self, optimizer: Any, loss: Any, params: Sequence[Tensor]) -> None:
        self.loss = loss
        self._optimizer, self._params = optimizer, list(params)

    def run(self, loss: Tensor) -> None:
        """Update the weights for a value of the loss."""
        wanted = [one for one in self._params if one.requires_grad]
        found = torch.autograd.grad(loss.sum(), wanted, retain_graph=True, allow_unused=True)
        for weight, gradient in zip(wanted, found, strict=True):
            weight.grad = gradient
        step_on_gradients(self._optimizer, wanted)
        self._optimizer.zero_grad()


def get_updates(self: Any, *args: Any, **named: Any) -> list[Any]:
    """Return the updates of a symbolic loss, for ``K.function``.

    Args:
        self: The optimizer.
        *args: Loss and weights; or as in Keras 2.0 and 1 weights, constraints and loss.
        **named: The same by name.

    Raises:
        KplugError: The loss is an eager tensor; use ``fit`` or ``train_on_batch``.
    """
    lists = [one for one in args if isinstance(one, (list, tuple))]
    loss = named.get("loss", next((one for one in args if is_symbolic(one)), None))
    if loss is None and is_collecting():  # an outer optimizer calls a nested one
        return _update_on_gradients(self, named.get("params", lists[0] if lists else ()))
    if not is_symbolic(loss):
        raise kplug.KplugError(
            "get_updates: the loss is no symbolic tensor",
            hint="Compute it from inputs and outputs of a model, or train the model with train_on_batch.",
        )
    return [OptimizerStep(self, loss, named.get("params", lists[0] if lists else ()))]


def _update_on_gradients(optimizer: Any, params: Sequence[Tensor]) -> list[Any]:
    """Make one step; or return updates, if an outer optimizer has replaced ``K.update``."""
    module = importlib.import_module("keras.backend")
    if module.update is update:
        step_on_gradients(optimizer, params)
        return []
    before = [one.detach().clone() for one in params]
    step_on_gradients(optimizer, params)
    after = [one.detach().clone() for one in params]
    for one, value in zip(params, before, strict=True):
        backend.update(one, value)
    return [module.update(one, value) for one, value in zip(params, after, strict=True)]


def step_on_gradients(optimizer: Any, params: Sequence[Tensor]) -> None:
    """Make one step of an optimizer with the weights' current gradients."""
    if not optimizer.built:
        optimizer.build([one for one in params if one.requires_grad])
    optimizer.step()


def get_gradients(self: Any, loss: Any, params: Sequence[Any]) -> list[Any]:  # noqa: ARG001
    """Return the gradients of a loss, symbolic where the loss is."""
    return gradients(loss, list(params))


def list_variables(self: Any) -> list[Any]:
    """Return the step count and the optimizer's state tensors, in Keras's order."""
    weights = [one for group in self.param_groups for one in group["params"]]
    names = dict.fromkeys(name for one in weights for name in self.state.get(one, {}))
    found = [self.state[one].get(name) for name in names for one in weights if one in self.state]
    return [self.iterations, *(one for one in found if isinstance(one, Tensor) and one.ndim)]


def get_weights(self: Any) -> list[Any]:
    """Return the values of the optimizer's variables."""
    return [np.asarray(backend.get_value(one)) for one in list_variables(self)]


def set_weights(self: Any, weights: Sequence[Any]) -> None:
    """Set the optimizer's variables.

    Raises:
        KplugError: The number of values differs; nothing is set.
    """
    steps, *tensors = list_variables(self)
    del steps
    if len(weights) != len(tensors) + 1:
        raise kplug.KplugError(
            f"set_weights: the optimizer has {len(tensors) + 1} variables, got {len(weights)}",
            hint="Train one step first: the variables are made then.",
        )
    self.iterations = int(weights[0])
    for tensor, value in zip(tensors, weights[1:], strict=True):
        backend.set_value(tensor, value)


OF_OPTIMIZERS: dict[str, Any] = {
    "get_gradients": get_gradients,
    "get_updates": get_updates,
    "get_weights": get_weights,
    "set_weights": set_weights,
    "weights": property(list_variables),
}

# -- the loss of a compiled model as a graph -----------------------------------------------------

_losses: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_placeholders: WeakKeyDictionary[Any, tuple[list[Any], list[Any]]] = WeakKeyDictionary()


def note_losses(model: Any, loss: Any, loss_weights: Any) -> None:
    """Record the losses and loss weights of ``compile``."""
    _losses[model] = (loss, loss_weights)
    _placeholders.pop(model, None)


def _make_placeholders(model: Any) -> tuple[list[Any], list[Any]]:
    if model not in _placeholders:
        from kplug.layers import Input

        targets = [Input(batch_shape=one.shape) for one in model.outputs]
        weights = [Input(batch_shape=(None,)) for _ in model.outputs]
        _placeholders[model] = targets, weights
    return _placeholders[model]


def compute_total_loss(model: Any) -> Any:
    """Return a model's total loss as a symbolic function of inputs, targets and sample weights."""
    losses, factors = (_by_output(model, one) for one in _losses[model])
    targets, weights = _make_placeholders(model)
    found = [
        _connect(kplug.losses.get(loss), target, output, weight)
        * (1.0 if factor is None else factor)
        for loss, factor, target, output, weight in zip(
            losses, factors, targets, model.outputs, weights, strict=True
        )
    ]
    return sum(found[1:], found[0])


def _by_output(model: Any, given: Any) -> list[Any]:
    if isinstance(given, Mapping):
        return [given.get(name) for name in model.output_names]
    if isinstance(given, (list, tuple)):
        return list(given)
    return [given] * len(model.outputs)


def _connect(loss: Any, target: Any, output: Any, weight: Any) -> Any:
    def total_loss(y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> Tensor:
        values = backend.to_tensor(loss(y_true, y_pred))
        if values.ndim == 0:
            return values
        return backend.mean(values.reshape(len(values), -1).mean(1) * sample_weight)

    return FunctionLayer(total_loss)(target, output, weight)


OF_COMPILED: dict[str, Any] = {
    "sample_weights": property(lambda self: _make_placeholders(self)[1]),
    "targets": property(lambda self: _make_placeholders(self)[0]),
    "total_loss": property(compute_total_loss),
}
