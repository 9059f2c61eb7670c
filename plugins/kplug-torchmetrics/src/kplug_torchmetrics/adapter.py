"""The ``TorchMetric`` class: adapts torchmetrics's metrics to kplug."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
import torchmetrics

from kplug.errors import ContractError, DataError
from kplug.metrics import Metric, get
from kplug_torchmetrics.inputs import INPUTS, as_classes, as_masks
from kplug_torchmetrics.table import ROWS, Row

# The classes of these subpackages are deprecated or missing at the top level.
_SUBPACKAGES = ("audio", "detection", "image", "retrieval", "segmentation", "text")
#: Arguments that contain metrics.
_SLOTS = ("base_metric", "metric", "metrics")


def _copy(value: Any, device: torch.device | None = None) -> Any:
    """Return a copy of a state, on a device: a tensor, or a list of tensors or others."""
    if isinstance(value, list):
        return [_copy(each, device) for each in value]
    return value.detach().clone().to(device) if isinstance(value, torch.Tensor) else value


def _widen(value: Any) -> Any:
    """Return tensors of half types in float32: torchmetrics adds squares up in the type of the inputs."""
    is_half = isinstance(value, torch.Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if is_half else value


def _list_changing(module: Any) -> set[str]:
    """Return the names of attributes that batches may change: the state, other tensors and counts."""
    found = {
        name
        for name, value in vars(module).items()
        if isinstance(value, torch.Tensor) or type(value) is int
    }
    return found | set(module._defaults)


class TorchMetric(Metric):
    """Base class of the adapters, one class per metric, with the metric's arguments.

    Targets and predictions follow kplug's conventions: classes or channels on the last axis, one-hot or
    class ids. The adapter converts them to torchmetrics's order, types and shapes for ``update``. The result
    is that of ``compute``: a tensor, or several in a tuple or dict; 0 before the first batch.

    Args:
        *args: The arguments of the class of torchmetrics.
        name: Label in logs and history; by default the component's name.
        **kwargs: The same by name.

    Raises:
        ContractError: for sample weights, which torchmetrics does not support.

    Reference:
        The documentation of torchmetrics.
    """

    class_name: ClassVar[str] = ""

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        row = ROWS[self.class_name]
        super().__init__(name if name is not None else row.name)
        given = inspect.signature(type(self)).bind(*args, **kwargs)
        self.arguments: dict[str, Any] = dict(given.arguments)
        inner = {key: _find(value) for key, value in self.arguments.items() if key in _SLOTS}
        self.arguments |= inner
        unwrapped = {key: _unwrap(value) for key, value in self.arguments.items()}
        self._inner = _first(inner.get(key) for key in _SLOTS)
        self._adopt(find_original(self.class_name)(**unwrapped), row)

    def _adopt(self, module: Any, row: Row) -> None:
        self.module, self._row = module, row
        is_higher_better = getattr(module, "higher_is_better", None)
        self.direction = None if is_higher_better is None else "max" if is_higher_better else "min"
        self._is_fresh, self._queries = True, 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: None; aggregates such as ``mean_metric`` take weights of the predictions.

        Raises:
            ContractError: for sample weights that the metric does not support.
            DataError: if torchmetrics refuses the batch.
        """
        if hasattr(y_pred, "__len__") and not len(y_pred):
            return  # torchmetrics divides by the number of samples, or refuses empty batches
        with torch.no_grad():
            arguments = tuple(map(_widen, self._prepare(y_true, y_pred)))
            if sample_weight is not None:
                arguments = (*arguments, self._take_weights(sample_weight))
            self._follow(arguments)
            try:
                self.module.update(*arguments)
            except (ValueError, RuntimeError, TypeError) as error:
                raise DataError(f"{self.name}: torchmetrics refuses the batch: {error}") from error
        self._is_fresh = False

    def _prepare(self, y_true: Any, y_pred: Any) -> tuple[Any, ...]:
        if self._inner is not None:
            return self._inner._prepare(y_true, y_pred)
        if self._row.inputs == "classes":
            return as_classes(self.arguments.get("task"), y_true, y_pred)
        if self._row.inputs == "masks":
            return as_masks(self.arguments.get("input_format"), y_true, y_pred)
        arguments = INPUTS[self._row.inputs](y_true, y_pred)
        if self._row.inputs == "queries":  # query ids are numbered across batches
            scores, targets, indexes = arguments
            arguments = (scores, targets, indexes + self._queries)
            self._queries += scores.numel() // max(torch.as_tensor(y_pred).shape[-1], 1)
        return arguments

    def _take_weights(self, sample_weight: Any) -> Any:
        if self._row.name in ("mean_metric", "sum_metric"):
            return sample_weight
        raise ContractError(
            f"{self.name} takes no sample weights: torchmetrics does not know them",
            hint="Give it as one of metrics=[…], not of weighted_metrics=[…].",
        )

    def _follow(self, arguments: tuple[Any, ...]) -> None:
        found = [each.device for each in arguments if isinstance(each, torch.Tensor)]
        if found:
            self.to(found[0])

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the state of the module and those inside."""
        return {
            "modules": {
                path: {name: _copy(getattr(each, name)) for name in _list_changing(each)}
                for path, each in self._modules()
            },
            "is_fresh": self._is_fresh,
            "queries": self._queries,
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        for path, each in self._modules():
            kept = snapshot["modules"][path]
            for name in _list_changing(each) & kept.keys():
                setattr(each, name, _copy(kept[name], self._device))
            each._computed = None
        self._is_fresh, self._queries = snapshot["is_fresh"], snapshot["queries"]

    def _modules(self) -> list[tuple[str, Any]]:
        modules = self.module.named_modules()
        return [(path, each) for path, each in modules if isinstance(each, torchmetrics.Metric)]

    def to(self, device: torch.device | str) -> TorchMetric:
        """Move the state to a device."""
        wanted = torch.device(device)
        if wanted != self._device:
            self.module.to(wanted)
            self._device = wanted
        return self

    def result(self) -> Any:
        """Return the value of the batches since the last reset."""
        return torch.zeros((), device=self._device) if self._is_fresh else self.module.compute()

    def reset_state(self) -> None:
        """Reset the state."""
        self.module.reset()
        self._is_fresh, self._queries = True, 0

    @property
    def state(self) -> dict[str, Any]:
        """The tensors of state by name; some are lists of tensors."""
        return dict(getattr(self.module, "metric_state", {}))

    @property
    def variables(self) -> list[torch.Tensor]:
        """The tensors of state."""
        kept = [each if isinstance(each, list) else [each] for each in self.state.values()]
        return [tensor for each in kept for tensor in each]

    @property
    def inner_metrics(self) -> list[Metric]:
        """None: the inner metrics of a wrapper are part of its module."""
        return []

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Merge the states of metrics that saw other batches, such as other workers'.

        Raises:
            ContractError: if one is a different metric, or torchmetrics cannot merge this one.
        """
        for other in others:
            if not isinstance(other, TorchMetric) or type(other) is not type(self):
                raise ContractError(f"{self.name} cannot take in the state of {other.name}")
            if other._is_fresh:
                continue
            if self._row.inputs == "queries":
                raise ContractError(
                    f"{self.name} cannot be merged: its queries are numbered from 0 in each metric"
                )
            try:
                self.module.merge_state(other.module)
            except (AttributeError, NotImplementedError, RuntimeError, ValueError) as error:
                raise ContractError(f"{self.name} cannot be merged: {error}") from error
            self.module._computed = None  # a result that torchmetrics keeps from before
            self._is_fresh = False

    def get_config(self) -> dict[str, Any]:
        """Return the given arguments and the name; inner metrics as Keras's dicts."""
        return {
            **{key: _describe(value) for key, value in self.arguments.items()},
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Create the metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def find_original(class_name: str) -> Any:
    """Return a class of torchmetrics.

    Raises:
        AttributeError: if the installed torchmetrics lacks it.
    """
    for name in _SUBPACKAGES:
        found = vars(importlib.import_module(f"torchmetrics.{name}")).get(class_name)
        if found is not None:
            return found
    return getattr(torchmetrics, class_name)


def _find(value: Any) -> Any:
    """Resolve names, specs and dicts to metrics."""
    if isinstance(value, (list, tuple)):
        return [_find(each) for each in value]
    if isinstance(value, dict) and "class_name" not in value and "name" not in value:
        return {key: _find(each) for key, each in value.items()}
    return get(value) if isinstance(value, (str, dict)) else value


def _first(values: Iterable[Any]) -> TorchMetric | None:
    """Return the first adapter, whose input kind applies to the whole collection."""
    for value in values:
        if isinstance(value, TorchMetric):
            return value
        inner = value.values() if isinstance(value, dict) else value
        found = _first(inner) if isinstance(value, (dict, list)) else None
        if found is not None:
            return found
    return None


def _unwrap(value: Any) -> Any:
    if isinstance(value, TorchMetric):
        return value.module
    if isinstance(value, list):
        return [_unwrap(each) for each in value]
    return {key: _unwrap(each) for key, each in value.items()} if isinstance(value, dict) else value


def _describe(value: Any) -> Any:
    if isinstance(value, TorchMetric):
        name = f"kplug-torchmetrics/{ROWS[value.class_name].name}"
        return {"class_name": name, "config": value.get_config()}
    if isinstance(value, list):
        return [_describe(each) for each in value]
    return (
        {key: _describe(each) for key, each in value.items()} if isinstance(value, dict) else value
    )
