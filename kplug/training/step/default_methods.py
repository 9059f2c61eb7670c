"""Default implementations of Keras 3's overridable methods, such as ``train_step``.

``fit`` calls them if the model's class overrides one. They run the ``TrainStep`` and the ``TestStep`` of all
models, with a forward pass through these methods. Each function takes the model as its first argument;
``Model`` has them as methods.
"""
# ruff: noqa: D417 - methods: self needs no entry

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

from torch import Tensor

from kplug.errors import ContractError, LossWithoutGradientError
from kplug.training.compiled_model import find_precision, require_compiled
from kplug.training.data.batch import Batch
from kplug.training.data.packing import unpack_x_y_sample_weight
from kplug.training.metric_lists import merge_results
from kplug.training.model_protocol import TrainableModel
from kplug.training.overridden_steps import default
from kplug.training.precision import compute_predictions
from kplug.training.regularization import Penalties
from kplug.training.step.compiled_metrics import CompiledMetrics, arrange_batch
from kplug.training.step.forward import Forward, ForwardResult
from kplug.training.step.standard_steps import TestStep, choose_train_step

_takers: WeakKeyDictionary[Any, bool] = (
    WeakKeyDictionary()
)  # functions, as ``_takes_training`` found


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
    compiled = require_compiled(self, "train_step")
    forward = OverridableForward(self, compiled, Penalties(), is_training=True)
    kind = choose_train_step(self.built_optimizer)
    step = kind(self, forward, self.built_optimizer, checks_first=False)
    return cast("dict[str, Any]", step(Batch(*unpack_x_y_sample_weight(data))))


@default
def test_step(self: TrainableModel, data: Any) -> dict[str, Any]:
    """Evaluate a batch; a subclass may override it, and ``evaluate`` and validation call it.

    Args:
        data: As for ``train_step``.

    Returns:
        The logs so far.
    """
    compiled = require_compiled(self, "test_step")
    forward = OverridableForward(self, compiled, Penalties(), is_training=False)
    return cast("dict[str, Any]", TestStep(forward)(Batch(*unpack_x_y_sample_weight(data))))


@default
def predict_step(self: TrainableModel, data: Any) -> Any:
    """Return the outputs for a batch; a subclass may override it, and ``predict`` calls it."""
    x, _, _ = unpack_x_y_sample_weight(data)
    return compute_predictions(self, x, find_precision(self))


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
    penalties = Penalties(activities=(list(self.losses),))
    outcome = Forward(self, compiled, penalties).compute_losses(batch, y_pred)
    if len(compiled.losses) > 1:
        compiled.loss_tracker.note_outputs(compiled.name_losses(outcome.losses), batch.size)
    if outcome.total is None:
        raise ContractError(
            f"compute_loss: model {self.name!r} was compiled without a loss and has no penalties",
            hint="Give one: compile(loss='mean_squared_error'); or write compute_loss without super().",
        )
    return outcome.total


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


@dataclass(frozen=True)
class OverridableForward(Forward):
    """The forward pass through ``compute_loss`` and ``compute_metrics``, which a class may override.

    It checks each loss and adds it to the loss tracker. Its steps return logs.
    """

    is_training: bool

    def __call__(self, batch: Batch) -> ForwardResult:
        """Return the outputs as the model nests them, and the loss.

        Raises:
            ContractError: ``compute_loss`` did not return a number.
            LossWithoutGradientError: The weights are trained, and no gradient can flow from the loss.
        """
        model, (x, y, sample_weight, *_) = self.model, batch
        y_pred = compute_predictions(model, x, self.compiled.precision)
        given: dict[str, Any] = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        if _takes_training(model.compute_loss):
            given["training"] = self.is_training
        loss = model.compute_loss(**given)
        if not isinstance(loss, Tensor) or loss.ndim:
            shape = (
                f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else repr(loss)
            )
            raise ContractError(
                f"{type(model).__name__}.compute_loss returned {shape}, and training needs one number per "
                "batch",
                hint="Return a tensor of shape (): loss.mean(), or a kplug loss's result.",
            )
        if not loss.requires_grad and self.is_training and model.built_optimizer is not None:
            raise LossWithoutGradientError(
                f"{type(model).__name__}.compute_loss returned a tensor without gradient",
                hint="Compute it from y_pred as it is: detach(), .numpy(), no_grad() and comparisons cut "
                "the connection to the weights.",
            )
        return ForwardResult(y_pred, (), loss)

    def conclude(self, batch: Batch, outcome: ForwardResult) -> dict[str, Any]:
        """Note the loss, and return the logs of ``compute_metrics``."""
        loss: Any = outcome.total  # a tensor, as ``__call__`` has checked
        self.compiled.loss_tracker.update_state(loss.detach(), sample_weight=batch.size)
        return self.model.compute_metrics(batch.x, batch.y, outcome.predictions, batch.weights)


def _takes_training(compute_loss: Any) -> bool:
    """Return whether a ``compute_loss`` has the parameter; reading a signature takes longer than a layer."""
    function = getattr(compute_loss, "__func__", compute_loss)
    found = _takers.get(function)
    if found is None:
        found = _takers[function] = "training" in inspect.signature(compute_loss).parameters
    return found
