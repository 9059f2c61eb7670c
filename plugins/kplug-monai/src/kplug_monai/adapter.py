"""The ``MonaiMetric`` class: adapts MONAI's metrics to kplug."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug import channels_first
from kplug.errors import ContractError, DataError
from kplug.metrics import Metric

#: Arguments of the adapter only.
_OWN = ("argmax", "threshold")


class MonaiMetric(Metric):
    """Base class of the adapters, one class per metric, with the metric's arguments.

    Targets and predictions have the channels on the last axis; the adapter moves them to the second for
    MONAI. It converts masks to the binary form that MONAI's metrics require. The result is that of
    ``aggregate``, 0 before the first batch; several numbers are a dict.

    Args:
        *args: The arguments of the class of MONAI.
        threshold: For masks: predictions >= threshold are 1, others 0; None keeps them.
        argmax: For masks: the class with the largest prediction is 1, the others are 0.
        name: Label in logs and history; by default the component's name.
        **kwargs: The arguments of the class of MONAI, by name.

    Raises:
        ContractError: for sample weights, which MONAI does not support.

    Reference:
        The documentation of MONAI.
    """

    original: ClassVar[Any]
    inputs: ClassVar[str]
    usual_name: ClassVar[str]

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(self.usual_name if name is None else name)
        given = inspect.signature(type(self)).bind(*args, **kwargs)
        self.arguments: dict[str, Any] = dict(given.arguments)
        given.apply_defaults()
        self._threshold = given.arguments.get("threshold")
        self._is_argmax = bool(given.arguments.get("argmax"))
        its_own = {key: value for key, value in self.arguments.items() if key not in _OWN}
        self.module = self.original(**its_own)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: Targets: masks or numbers of the predictions' shape, or class ids.
            y_pred: Predictions.
            sample_weight: None.

        Raises:
            ContractError: if there are weights.
            DataError: if MONAI refuses the batch.
        """
        if sample_weight is not None:
            raise ContractError(
                f"{self.name} takes no sample weights: MONAI does not know them",
                hint="Give it as one of metrics=[…], not of weighted_metrics=[…].",
            )
        true, predicted = torch.as_tensor(y_true), torch.as_tensor(y_pred)
        if not len(predicted):
            return
        self._device = predicted.device
        with torch.no_grad():
            try:
                channels_first(self._add)(true.to(self._device), predicted)
            except (AssertionError, RuntimeError, TypeError, ValueError) as error:
                raise DataError(f"{self.name}: MONAI refuses the batch: {error}") from error

    def _add(self, y_true: Tensor, y_pred: Tensor) -> None:
        if self.inputs == "masks":
            y_true, y_pred = self._mask(y_true, y_pred)
        elif self.inputs == "values":
            y_true = y_true.reshape(y_pred.shape).to(y_pred.dtype)
        self.module(y_pred, y_true)

    def _mask(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        classes = y_pred.shape[1]
        if y_true.ndim < y_pred.ndim:
            y_true = y_true[:, None]
        if y_true.shape[1] == 1 < classes:
            y_true = _one_hot(y_true[:, 0], classes)
        if self._is_argmax:
            y_pred = _one_hot(y_pred.argmax(1), classes).to(y_pred.dtype)
        elif self._threshold is not None and y_pred.is_floating_point():  # integers are class ids
            y_pred = (y_pred >= self._threshold).to(y_pred.dtype)
        return y_true.to(y_pred.dtype), y_pred

    def result(self) -> Any:
        """Return the value of the batches since the last reset."""
        if self.module._buffers is None:
            return torch.zeros((), device=self._device)
        # MONAI would gather from all processes, which may not take part; kplug merges metrics itself.
        self.module._synced_tensors = [torch.stack(each) for each in self.module._buffers]
        self.module._synced = True
        return self._describe(self.module.aggregate())

    def _describe(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: _as_tensor(each) for key, each in value.items()}
        values = [value] if isinstance(value, tuple) else value
        if not isinstance(values, list) or not isinstance(values[0], (Tensor, tuple)):
            return _as_tensor(value)
        names = self.arguments.get("metric_name", self.name)
        names = [names] if isinstance(names, str) else list(names)
        found: dict[str, Tensor] = {}
        for name, each in zip(names, values, strict=True):
            if isinstance(each, tuple):
                found[name], found[f"{name}_not_nans"] = map(_as_tensor, each)
            else:
                found[name] = _as_tensor(each)
        return found if len(found) > 1 else found[names[0]]

    def reset_state(self) -> None:
        """Reset the state."""
        self.module.reset()

    @property
    def state(self) -> dict[str, Any]:
        """MONAI's per-sample values, one tensor per buffer."""
        kept = self.module._buffers or []
        return {f"buffer_{place}": torch.stack(each) for place, each in enumerate(kept)}

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the state."""
        return {"state": self.state}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self.module.reset()
        kept = [each.to(self._device) for each in snapshot["state"].values()]
        if kept:
            self.module.extend(*kept)

    def to(self, device: torch.device | str) -> MonaiMetric:
        """Move the state to a device."""
        self._device = torch.device(device)
        kept = self.module._buffers
        if kept is not None:
            self.module._buffers = [[each.to(device) for each in buffer] for buffer in kept]
            self.module._synced = False
        return self

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Merge the states of metrics that saw other batches, such as other workers'.

        Raises:
            ContractError: if one is a different metric.
        """
        added = list(others)
        for other in added:
            self._refuse_others(other)
        for other in added:
            kept = [each.to(self._device) for each in other.state.values()]
            if kept:
                self.module.extend(*kept)

    def _refuse_others(self, other: Metric) -> None:
        if not isinstance(other, MonaiMetric) or type(other) is not type(self):
            raise ContractError(f"{self.name} cannot take in the state of {other.name}")

    def get_config(self) -> dict[str, Any]:
        """Return the given arguments and the name."""
        return {**self.arguments, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Create the metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def _as_tensor(value: Any) -> Tensor:
    """Convert a result to a tensor; a single number is 0-d."""
    found = torch.as_tensor(value)
    return found.reshape(()) if found.numel() == 1 else found


def _one_hot(classes: Tensor, number: int) -> Tensor:
    """Return masks with the classes on the second axis."""
    return torch.nn.functional.one_hot(classes.long(), number).movedim(-1, 1)
