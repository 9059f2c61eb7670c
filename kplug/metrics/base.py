"""What every metric is: state that grows with each batch, and a result read when it is wanted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import dtype_name, snake_case, to_dtype
from kplug.configurable import Configurable
from kplug.losses.alignment import ArrayLike


class Metric(Configurable, ABC):
    """A number about a model, accumulated over batches.

    A subclass makes its state in ``__init__`` with `add_state`, adds to it in ``update_state`` and
    computes the number in ``result``. Nothing in ``update_state`` may read a tensor's value
    (``.item()``, ``if tensor``): that would make every step wait for the device.

    Args:
        name: Label in logs and history; by default the class's name in snake case.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> class Positives(Metric):
        ...     def __init__(self, name="positives"):
        ...         super().__init__(name)
        ...         self.total = self.add_state("total")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.total.add_((y_pred > 0.5).sum())
        ...     def result(self):
        ...         return self.total
        >>> metric = Positives()
        >>> metric.update_state(None, torch.tensor([0.2, 0.7, 0.9]))
        >>> metric.result().item()
        2.0

    Reference:
        ``keras.metrics.Metric``.
    """

    dtype: str | None = None
    _fills: dict[str, float]

    def __init__(self, name: str | None = None, dtype: str | torch.dtype | None = None) -> None:
        self.name = name if name is not None else snake_case(type(self).__name__)
        self.dtype = None if dtype is None else dtype_name(dtype)
        self._fills = {}
        self._device = torch.device("cpu")

    @abstractmethod
    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch.

        Args:
            y_true: Targets, shape (N, …).
            y_pred: Predictions, shape (N, …).
            sample_weight: None or weights of shape (), (N,) or (N, T, …).
        """

    @abstractmethod
    def result(self) -> Tensor:
        """Return the metric of the batches since the last reset, shape ()."""

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> Tensor:
        """Add a batch and return the result so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def add_state(
        self,
        name: str,
        shape: tuple[int, ...] = (),
        fill: float = 0.0,
        dtype: str | torch.dtype = "float32",
    ) -> Tensor:
        """Make a tensor of state and keep it as the attribute ``name``.

        Args:
            name: Name of the attribute.
            shape: Shape of the tensor.
            fill: Value before the first batch and after `reset_state`.
            dtype: Type of the tensor; float64 is float32 on a device without it.

        Returns:
            The tensor. Change it in place, and one of float64 and shape () with ``+=``: torch.compile
            loses the result of its ``add_``.
        """
        kind = _available(to_dtype(dtype), self._device)
        with torch.inference_mode(False):  # an inference tensor could not be updated in training
            state = torch.full(shape, fill, dtype=kind, device=self._device)
        self._fills[name] = fill
        setattr(self, name, state)
        return state

    @property
    def state(self) -> dict[str, Tensor]:
        """The tensors of state by name."""
        return {name: getattr(self, name) for name in self._fills}

    @property
    def variables(self) -> list[Tensor]:
        """The tensors of state in the order in which they were made."""
        return list(self.state.values())

    def reset_state(self) -> None:
        """Forget all batches."""
        for name, fill in self._fills.items():
            getattr(self, name).fill_(fill)

    def to(self, device: torch.device | str) -> Self:
        """Move the state to a device; the metrics of this package follow the predictions."""
        wanted = torch.device(device)
        if wanted == self._device:
            return self
        with torch.inference_mode(False):
            for name, state in self.state.items():
                kind = _available(state.dtype, wanted)
                setattr(self, name, state.to(device=wanted, dtype=kind))
        self._device = wanted
        return self

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the states of metrics that saw other batches, such as other workers'."""
        for other in others:
            for name, state in other.state.items():
                getattr(self, name).add_(state.to(self._device))

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the metric that `get_config` described."""
        return super().from_config(config)

    def _as_result(self, value: Tensor) -> Tensor:
        return value.to(to_dtype(self.dtype))


def _available(dtype: torch.dtype, device: torch.device) -> torch.dtype:
    has_no_float64 = device.type == "mps"
    return torch.float32 if has_no_float64 and dtype is torch.float64 else dtype
