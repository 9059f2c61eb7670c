"""The `Metric` base class: state that accumulates over batches, and a result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import dtype_name, snake_case, to_dtype
from kplug.components.configurable import (
    check_keys,
    read_arguments,
    read_config,
    remember_arguments,
    write_call,
)
from kplug.components.types import InitializerLike
from kplug.errors import ContractError
from kplug.losses.base.alignment import ArrayLike, as_tensor
from kplug.losses.base.checks import is_any
from kplug.metrics.base.variable import StateVariable, make_variable
from kplug.registry import resolve_object
from kplug.registry.quoting import name_type


class Metric(ABC):
    """A number about a model, accumulated over batches.

    A subclass creates its state in ``__init__`` with `add_state`, adds to it in ``update_state`` and
    computes the number in ``result``. ``update_state`` must not read a tensor's value (``.item()``,
    ``if tensor``): that would synchronize every step with the device. The class attribute ``direction`` tells
    callbacks which values are better: ``"max"``, ``"min"``, or None for neither.

    Args:
        name: Label in logs and history; by default the class's name in snake case.
        dtype: Type of the result; None means ``floatx()``.

    Raises:
        ArgumentValueError: in a subclass, for an argument outside its range.

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

    direction: str | None = None  # "max" if larger values are better, "min" if smaller ones are
    _dtype: str | None = None
    _fills: dict[str, float]
    _has_checked: bool = False

    def __init__(self, name: str | None = None, dtype: str | torch.dtype | None = None) -> None:
        self.name = name if name is not None else snake_case(type(self).__name__)
        self._dtype = None if dtype is None else dtype_name(dtype)
        self._fills = {}
        self._device = torch.device("cpu")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        remember_arguments(cls)

    @property
    def dtype(self) -> str | None:
        """The type of the result; None means ``floatx()``."""
        return self._dtype

    @abstractmethod
    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch.

        Args:
            y_true: Targets, shape (N, …).
            y_pred: Predictions, shape (N, …).
            sample_weight: None or weights of shape (), (N,) or (N, T, …).

        Raises:
            DataError: if the shapes do not match.
        """

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: B027  # optional
        """Warn of numbers for which the metric is meaningless.

        `check_first` calls it with the first batch: reading numbers in every step would synchronize
        each with the device.

        Args:
            y_true: Targets.
            y_pred: Predictions.
        """

    def check_first(self, y_true: Tensor, y_pred: Tensor, sample_weight: ArrayLike = None) -> None:
        """Call `check_values`, if this is the first batch; ``update_state`` calls it.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: Weights. If one is 0, nothing is checked: its target may be arbitrary.
        """
        # A compiled graph must not read numbers, meta tensors have none.
        if self._has_checked or torch.compiler.is_compiling() or y_pred.is_meta:
            return
        self._has_checked = True
        weights = (
            None if sample_weight is None else as_tensor(sample_weight, self.name, "sample_weight")
        )
        if weights is None or not is_any(weights == 0):
            self.check_values(y_true, y_pred)

    @abstractmethod
    def result(self) -> Tensor:
        """Return the metric of the batches since the last reset.

        Shape (); or one value for each class or threshold, which logs and history show as a list; or
        a dict of such values, whose keys become separate log names.
        """

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
        """Create a tensor of state and store it as the attribute ``name``.

        Args:
            name: Name of the attribute.
            shape: Shape of the tensor.
            fill: Value before the first batch and after `reset_state`.
            dtype: Type of the tensor; float64 is float32 on a device without it.

        Returns:
            The tensor. Update it in place. Use ``+=`` for a float64 tensor of shape (): torch.compile loses
            the result of its ``add_``.
        """
        kind = _available(to_dtype(dtype), self._device)
        with torch.inference_mode(False):  # an inference tensor could not be updated in training
            state = torch.full(shape, fill, dtype=kind, device=self._device)
        self._fills[name] = fill
        setattr(self, name, state)
        return state

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: InitializerLike = "kplug/zeros",
        dtype: str | torch.dtype | None = None,
        name: str | None = None,
    ) -> StateVariable:
        """Create state as in Keras; kplug's own way is `add_state`.

        Args:
            shape: Shape of the variable.
            initializer: Its value before the first batch; `reset_state` sets it to 0, as in Keras.
            dtype: Type of the variable; None means ``floatx()``.
            name: Name in `state`; by default a number.

        Returns:
            A tensor with ``assign``, ``assign_add`` and ``assign_sub``. On a GPU, the metric must call
            ``self.to(y_pred.device)`` before it adds to the tensor.
        """
        label = name or f"variable_{len(self._fills)}"
        place = label
        while hasattr(self, place):  # such as a method of the same name
            place += "_"
        state = self.add_state(place, tuple(shape), 0.0, to_dtype(dtype))
        first = resolve_object("initializer", "kplug/zeros" if initializer is None else initializer)
        with torch.inference_mode(False):
            state.copy_(first(tuple(shape), dtype=state.dtype))
        variable = make_variable(state, label)
        setattr(self, place, variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: InitializerLike = None,
        dtype: str | torch.dtype | None = None,
        name: str | None = None,
    ) -> StateVariable:
        """Create state as in tf.keras; see `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name)

    @property
    def state(self) -> dict[str, Tensor]:
        """The tensors of state by name."""
        return {name: getattr(self, name) for name in self._fills}

    @property
    def variables(self) -> list[Tensor]:
        """The tensors of state in creation order, then those of inner metrics."""
        inner = [variable for metric in self.inner_metrics for variable in metric.variables]
        return [*self.state.values(), *inner]

    @property
    def inner_metrics(self) -> list[Metric]:
        """The metrics in attributes of this one, or in its lists and dicts.

        They are reset, moved and merged with it, but not updated: call their ``update_state``.
        """
        return list(find_metrics(vars(self)))

    def reset_state(self) -> None:
        """Reset the state."""
        for metric in self.inner_metrics:
            metric.reset_state()
        for name, fill in self._fills.items():
            getattr(self, name).fill_(fill)

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of what `reset_state` resets: tensors, numbers and texts in dicts and lists."""
        return {
            "state": {name: tensor.detach().clone() for name, tensor in self.state.items()},
            "fills": dict(self._fills),
            "inner": [metric.snapshot() for metric in self.inner_metrics],
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from the `snapshot` of a metric that was made with the same arguments.

        Raises:
            ContractError: if it is of another one.
        """
        for name, value in snapshot["state"].items():
            own = getattr(self, name, None)
            if own is not None and (name not in self._fills or own.shape != value.shape):
                raise ContractError(
                    f"{self.name} keeps no {name!r} of shape {tuple(value.shape)}",
                    hint="A metric goes on from the state of one with the same arguments.",
                )
            if name not in self._fills:  # created at the first batch
                self.add_state(name, tuple(value.shape), snapshot["fills"][name], value.dtype)
            with torch.no_grad():
                getattr(self, name).copy_(value)
        for metric, inner in zip(self.inner_metrics, snapshot["inner"], strict=True):
            metric.restore(inner)

    def to(self, device: torch.device | str) -> Self:
        """Move the state to a device; kplug's metrics move to that of the predictions."""
        wanted = torch.device(device)
        if wanted == self._device:
            return self
        for metric in self.inner_metrics:
            metric.to(wanted)
        with torch.inference_mode(False):
            for state in self.state.values():
                kind = _available(state.dtype, wanted)
                moved = state.to(device=wanted, dtype=kind)
                if isinstance(state, StateVariable):
                    moved = make_variable(moved, state.label)
                for name, value in vars(self).items():
                    if value is state:
                        setattr(self, name, moved)
        self._device = wanted
        return self

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the states of metrics of other batches, such as those of other workers.

        Raises:
            ContractError: if one has another class, or its state another shape. Nothing is added
                then.
        """
        added = list(others)
        for other in added:
            self._check_mergeable(other)
        for other in added:
            for name, state in other.state.items():
                if name not in self._fills:  # created at the first batch, not seen here
                    self.add_state(name, tuple(state.shape), other._fills[name], state.dtype)
                getattr(self, name).add_(state.to(self._device))
            for own, inner in zip(self.inner_metrics, other.inner_metrics, strict=True):
                own.merge_state([inner])

    def _check_mergeable(self, other: Metric) -> None:
        if type(other) is not type(self):
            raise ContractError(
                f"{self.name} is {name_type(self)} and cannot take in the state of "
                f"{other.name}, {name_type(other)}"
            )
        for name, state in other.state.items():
            own = self.state.get(name)
            if own is not None and own.shape != state.shape:
                raise ContractError(
                    f"{self.name} keeps {name!r} of shape {tuple(own.shape)} and cannot take in shape "
                    f"{tuple(state.shape)}",
                    hint="Metrics can be merged if they were made with the same arguments.",
                )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as values that JSON can hold."""
        return read_arguments(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the metric of a configuration from `get_config`."""
        arguments = read_config(cls, config)
        check_keys(cls, arguments)
        return cls(**arguments)

    def __repr__(self) -> str:
        return write_call(self, self.get_config())

    def _as_result(self, value: Tensor) -> Tensor:
        return value.to(to_dtype(self.dtype))


def find_metrics(found: object) -> Iterator[Metric]:
    """Return the metrics in a value, its lists, tuples and dicts."""
    if isinstance(found, (dict, list, tuple)):
        for value in found.values() if isinstance(found, dict) else found:
            if type(value) not in _NEVER_METRICS:
                yield from find_metrics(value)
    elif isinstance(found, Metric):
        yield found


# Types of most values in lists, for which asking an abstract class takes longer.
_NEVER_METRICS = frozenset({bool, int, float, str, type(None), Tensor, torch.nn.Parameter})


def _available(dtype: torch.dtype, device: torch.device) -> torch.dtype:
    has_no_float64 = device.type == "mps"
    return torch.float32 if has_no_float64 and dtype is torch.float64 else dtype
