"""Custom steps of model classes, which run eagerly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kplug.constraints.adapt import apply_constraints
from kplug.errors import ContractError, EagerStepWarning
from kplug.layers.base.reduced_precision import reducing_calls
from kplug.optimizers.adapt import finalize_weights
from kplug.registry.user_warnings import warn
from kplug.training.compiled import Compiled
from kplug.training.compiled_model import find_precision
from kplug.training.data.batch import Batch
from kplug.training.data.packing import pack_x_y_sample_weight
from kplug.training.distribution.world import find_world
from kplug.training.execution_options import AUTO
from kplug.training.model_protocol import TrainableModel
from kplug.training.overridden_steps import StepKind, find_overridden_method
from kplug.training.regularization import find_penalties
from kplug.training.reports.returned_logs import ReturnedLogs
from kplug.training.step.standard_steps import StepFunction

_ENDING = "End it with: return {metric.name: metric.result() for metric in self.metrics}."


class CustomStep(StepFunction):
    """Calls ``train_step``, ``test_step`` or ``predict_step`` of a model; returns logs, or outputs."""

    def __init__(self, model: TrainableModel, kind: StepKind) -> None:
        self.model = model
        self._name = f"{kind}_step"
        self._precision = find_precision(model)
        self._penalties = find_penalties(model)
        self._constraints = model.weight_constraints() if kind == "train" else []

    def begin(self) -> None:
        """Discard penalties of earlier calls."""
        self._penalties.discard()

    def start_record(self) -> ReturnedLogs:
        """Return the record of the logs."""
        return ReturnedLogs()

    def __call__(self, batch: Batch) -> Any:
        """Make one step."""
        data = pack_x_y_sample_weight(batch.x, batch.y, batch.weights)
        with reducing_calls(self._precision):
            made = getattr(self.model, self._name)(data)
        if self._name != "predict_step":
            self._check_logs(made)
        elif made is None:
            raise ContractError(
                f"{type(self.model).__name__}.predict_step returned None, and predict joins the outputs of "
                "all batches",
                hint="End it with: return self(x, training=False).",
            )
        if self._constraints:
            apply_constraints(self._constraints)
        return made

    def finish(self) -> None:
        """Give averages of the weights to the model, if the optimizer keeps them."""
        finalize_weights(self.model.built_optimizer)

    def _check_logs(self, logs: object) -> None:
        """Refuse a result that is no dict of numbers.

        Raises:
            ContractError: With the class, the method and its result.
        """
        # kplug's train_step only passes on the result of compute_metrics.
        name = self._name
        if find_overridden_method(self.model, "train" if name == "train_step" else "test") != name:
            name = "compute_metrics"
        method = f"{type(self.model).__name__}.{name}"
        if not isinstance(logs, Mapping):
            raise ContractError(
                f"{method} returned {_describe(logs)}, and the loop needs a dict of logs, a number for "
                "each name",
                hint=_ENDING,
            )
        for key, value in logs.items():
            if not isinstance(key, str) or not (
                isinstance(value, Mapping) or _is_number(value) or self._is_result(key, value)
            ):
                raise ContractError(
                    f"{method} returned {_describe(value)} for the log {key!r}, and a log is one number",
                    hint="Return its mean, or let a metric see it and return the metric's result().",
                )

    def _is_result(self, name: str, value: object) -> bool:
        """Return whether a metric of the model has this name and a result of this shape."""
        shape = getattr(value, "shape", None)
        found = (metric.result() for metric in self.model.metrics if metric.name == name)
        return shape is not None and any(getattr(one, "shape", None) == shape for one in found)


def find_custom_step(model: TrainableModel, kind: StepKind) -> StepFunction | None:
    """Return the custom step of a model's class, or None.

    Raises:
        ContractError: There are several processes, which custom steps do not support.
    """
    name = find_overridden_method(model, kind)
    if name is None:
        return None
    method = f"{type(model).__name__}.{name}"
    if find_world() is not None:
        raise ContractError(
            f"{method} is the model's own, and several processes train here, whose gradients and logs "
            "it would not exchange",
            hint="Train in one process, or write a loop of your own with torch's DistributedDataParallel.",
        )
    if model.compiled is not None:
        _warn_of_eager_step(model.compiled, method)
    return CustomStep(model, kind)


def _warn_of_eager_step(compiled: Compiled, method: str) -> None:
    if compiled.jit_compile not in (False, AUTO) and "custom" not in compiled.steps:
        compiled.steps["custom"] = (), None
        warn(
            f"{method} is the model's own, so its steps run eagerly instead of compiled; "
            "jit_compile=False trains without this warning",
            EagerStepWarning,
        )


def _is_number(value: object) -> bool:
    if isinstance(value, Tensor):
        return value.numel() == 1
    shape = getattr(value, "shape", ())
    return isinstance(value, (bool, int, float)) or (hasattr(value, "item") and shape in ((), (1,)))


def _describe(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"{type(value).__name__}"


def refuse_float16_in_custom_step(model: object, precision: torch.dtype | None) -> None:
    """Refuse float16 with a custom ``train_step``, which would have to scale its loss.

    Raises:
        ContractError: The model has both.
    """
    if precision is torch.float16 and find_overridden_method(model, "train") == "train_step":
        raise ContractError(
            f"compile: precision='fp16' needs a scaled loss, and {type(model).__name__}.train_step is the "
            "model's own, which computes its loss as it is written",
            hint="Take precision='bf16', whose gradients need no scale.",
        )
