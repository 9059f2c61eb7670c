"""Metrics on torch's conventions: input before target, and channels on the second axis."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.components.arguments import require_choice
from kplug.components.layouts import move_channels_last
from kplug.components.types import MetricLike
from kplug.dialect.serialization import serialize_component
from kplug.errors import ContractError
from kplug.losses.base.alignment import ArrayLike
from kplug.losses.torch_convention import DATA_FORMATS
from kplug.metrics.base.metric import Metric
from kplug.registry import keras_class, resolve_object


@keras_class(None)
class TorchConvention(Metric):
    """A metric for predictions and targets with the channels where torch has them, on the second axis.

    m = metric(y_true, y_pred) with the second axis of both moved to the end, (N, C, …) to (N, …, C). As in
    `kplug.channels_first`, only tensors of the higher rank are moved, and of rank 3 at least.

    Args:
        metric: The metric, for channels on the last axis.
        data_format: ``channels_first``, or ``channels_last`` for tensors that have them there already.

    Attributes:
        meter: The metric under torch's names, called with (input, target); `kplug.metrics.get` returns it.

    Raises:
        ArgumentValueError: if ``data_format`` is another word.

    Example:
        >>> import torch
        >>> from kplug.metrics import get
        >>> accuracy = get("torch_convention(sparse_categorical_accuracy)")
        >>> accuracy(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        tensor(0.5000)
        >>> accuracy.reset()

    Reference:
        The argument order and the method names of ``torchmetrics``.
    """

    def __init__(self, metric: MetricLike, data_format: str = "channels_first") -> None:
        self.metric: Metric = resolve_object("metric", metric)
        if self.metric is None:
            raise ContractError("torch_convention: there is no metric to adapt")
        self.data_format = require_choice(self, "data_format", data_format, DATA_FORMATS)
        super().__init__(self.metric.name, self.metric.dtype)
        self.direction = self.metric.direction

    @property
    def meter(self) -> Meter:
        """The metric under torch's names, called with (input, target)."""
        return Meter(self)

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch."""
        if self.data_format == "channels_first":
            y_true, y_pred = move_channels_last(y_true, y_pred)
        self.metric.update_state(y_true, y_pred, sample_weight)

    def result(self) -> Tensor:
        """Return the metric of the batches since the last reset."""
        return self.metric.result()

    def get_config(self) -> dict[str, Any]:
        """Return the metric as data, and the layout."""
        return {
            "metric": serialize_component("metric", self.metric),
            "data_format": self.data_format,
        }


class Meter:
    """A metric under torch's names, called with (input, target).

    Args:
        metric: The metric, which ``compile`` uses where it is given the meter.
    """

    def __init__(self, metric: TorchConvention) -> None:
        self.metric = metric

    def __call__(self, input: ArrayLike, target: ArrayLike, weight: ArrayLike = None) -> Tensor:
        """Add a batch and return the result so far."""
        self.update(input, target, weight)
        return self.compute()

    def update(self, input: ArrayLike, target: ArrayLike, weight: ArrayLike = None) -> None:
        """Add a batch; ``weight`` has one number a sample, or one a place."""
        self.metric.update_state(target, input, weight)

    def compute(self) -> Tensor:
        """Return the metric of the batches since the last reset."""
        return self.metric.result()

    def reset(self) -> None:
        """Forget all batches."""
        self.metric.reset_state()

    def __repr__(self) -> str:
        return f"Meter({self.metric!r})"
