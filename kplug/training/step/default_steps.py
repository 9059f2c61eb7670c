"""Default implementations of Keras 3's overridable steps, such as ``train_step``.

A model that overrides none of them is trained by ``TrainStep``, which computes the same and can be compiled.
Each function takes the model as its first argument; ``Model`` has them as methods.
"""
# ruff: noqa: D417 - methods: self needs no entry

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor

from kplug.errors import ContractError, LossWithoutGradientError
from kplug.optimizers.adapt import find_loss_scaling
from kplug.training.compiled_model import require_compiled
from kplug.training.data.packing import unpack_x_y_sample_weight
from kplug.training.metric_lists import merge_results
from kplug.training.model_protocol import TrainableModel
from kplug.training.overridden_steps import default
from kplug.training.precision import compute_predictions
from kplug.training.regularization import Penalties
from kplug.training.step.compiled_metrics import CompiledMetrics, arrange_batch
from kplug.training.step.forward import Forward


@default
def train_step(self: TrainableModel, data: Any) -> dict[str, Any]:
    """Train on a batch; a subclass may override it, and ``fit`` calls it with each batch.

    Args:
        data: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``, of tensors on the model's device.

    Returns:
        The logs so far, a number for each name.

    Reference:
        ``keras.Model.train_step`` with the torch backend. A custom step runs eagerly.
    """
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    y_pred = _predict(self, x)
    loss = _judge(self, x, y, y_pred, sample_weight, training=True)
    if not loss.requires_grad:
        raise LossWithoutGradientError(
            f"{type(self).__name__}.compute_loss returned a tensor without gradient",
            hint="Compute it from y_pred as it is: detach(), .numpy(), no_grad() and comparisons cut "
            "the connection to the weights.",
        )
    optimizer = self.built_optimizer
    if optimizer is not None:
        scale = find_loss_scaling(optimizer)
        self.zero_grad()
        (loss if scale is None else scale(loss)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return self.compute_metrics(x, y, y_pred, sample_weight)


@default
def test_step(self: TrainableModel, data: Any) -> dict[str, Any]:
    """Evaluate a batch; a subclass may override it, and ``evaluate`` and validation call it.

    Args:
        data: As for ``train_step``.

    Returns:
        The logs so far.
    """
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    y_pred = _predict(self, x)
    _judge(self, x, y, y_pred, sample_weight, training=False)
    return self.compute_metrics(x, y, y_pred, sample_weight)


@default
def predict_step(self: TrainableModel, data: Any) -> Any:
    """Return the outputs for a batch; a subclass may override it, and ``predict`` calls it."""
    x, _, _ = unpack_x_y_sample_weight(data)
    return _predict(self, x)


@default
def compute_loss(
    self: TrainableModel,
    x: Any = None,
    y: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    training: bool = True,  # noqa: ARG001 - Keras's signature
) -> Any:
    """Return the loss of a batch: losses of ``compile`` and penalties; a subclass may override it.

    Args:
        x: Inputs.
        y: Targets; for several outputs in a list, or in a dict by name.
        y_pred: Predictions.
        sample_weight: Weights of the samples.
        training: Whether the model trains on it.

    Returns:
        A tensor of shape ().

    Raises:
        ContractError: There is neither a loss nor a penalty.
    """
    compiled = require_compiled(self, "compute_loss")
    batch = arrange_batch(self, x, y, sample_weight)
    outcome = Forward(self, compiled, Penalties()).compare(batch, y_pred)
    total, names = outcome.total, compiled.loss_names[1:]
    if names:
        compiled.loss_tracker.note_outputs(names, outcome.losses, batch.size)
    for penalty in self.losses:
        total = penalty if total is None else total + penalty
    if total is None:
        raise ContractError(
            f"compute_loss: model {self.name!r} was compiled without a loss and has no penalties",
            hint="Give one: compile(loss='mean_squared_error'); or write compute_loss without super().",
        )
    return total


@default
def compute_metrics(
    self: TrainableModel,
    x: Any,  # noqa: ARG001 - for subclasses
    y: Any,
    y_pred: Any,
    sample_weight: Any = None,
) -> dict[str, Any]:
    """Update the metrics of ``compile`` with a batch, and return the logs; a subclass may override it.

    Args:
        x: Inputs.
        y: Targets.
        y_pred: Predictions.
        sample_weight: Weights of the samples.
    """
    compiled = require_compiled(self, "compute_metrics")
    if compiled.metrics:
        CompiledMetrics(self, compiled).update_state(y, y_pred, sample_weight)
    return self.get_metrics_result()


def get_metrics_result(self: TrainableModel) -> dict[str, Any]:
    """Return the results of all metrics by name, and the outputs' losses if there are several."""
    outputs = {} if self.compiled is None else self.compiled.loss_tracker.outputs
    return merge_results([*self.metrics, *outputs.values()])


def reset_metrics(self: TrainableModel) -> None:
    """Reset all metrics."""
    for metric in self.metrics:
        metric.reset_state()


def _predict(model: TrainableModel, x: Any) -> Any:
    precision = None if model.compiled is None else model.compiled.precision
    return compute_predictions(model, x, precision)


def _judge(
    model: TrainableModel, x: Any, y: Any, y_pred: Any, sample_weight: Any, *, training: bool
) -> Tensor:
    """Return the loss, and update the loss tracker with it, weighted by the number of samples.

    Raises:
        ContractError: ``compute_loss`` did not return a number.
    """
    given: dict[str, Any] = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
    if "training" in inspect.signature(model.compute_loss).parameters:
        given["training"] = training
    loss = model.compute_loss(**given)
    if not isinstance(loss, Tensor) or loss.ndim:
        shape = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else repr(loss)
        raise ContractError(
            f"{type(model).__name__}.compute_loss returned {shape}, and training needs one number per batch",
            hint="Return a tensor of shape (): loss.mean(), or a kplug loss's result.",
        )
    size = arrange_batch(model, x, None, None).size
    require_compiled(model, "fit").loss_tracker.update_state(loss.detach(), sample_weight=size)
    return loss
