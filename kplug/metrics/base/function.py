"""Metrics from functions of targets and predictions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from typing_extensions import Self

from kplug.components.configurable import read_config
from kplug.errors import ContractError
from kplug.losses.base.alignment import as_tensor
from kplug.losses.base.function import Order, check_signature, find_function_name, require_function
from kplug.metrics.base.mean import MeanMetric, find_direction


class FunctionMetric(MeanMetric):
    """A metric from a function of ``(y_true, y_pred)``.

    m = Σ w function(y, ŷ) / Σ w over all samples. A function that returns one number for the batch
    counts once per batch, as in Keras.

    Args:
        function: Called with targets and predictions of one rank. Its attribute ``direction`` says which
            values are better, ``"max"`` or ``"min"``; of a loss smaller ones are.
        name: Label in logs and history; by default the function's name.
        dtype: Type of the result; None means ``floatx()``.

    Raises:
        ContractError: if the function cannot be called with two arguments, or returns no number.

    Example:
        >>> import torch
        >>> def within_one(y_true, y_pred):
        ...     return (y_true - y_pred).abs() <= 1
        >>> FunctionMetric(within_one)(torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [4.0]]))
        tensor(0.5000)

    Reference:
        ``keras.metrics.MeanMetricWrapper``, which does not align ranks.
    """

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name if name is not None else find_function_name(function), dtype)
        self.function = function
        self.direction = find_direction(function) or self.direction
        self._order = check_signature(function, "a metric")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the function's result as a tensor."""
        return _call(self.name, self.function, self._order, y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return name and type, with the function as ``custom/<name>``."""
        function = f"custom/{find_function_name(self.function)}"
        return {"function": function, "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the metric again, if the configuration holds the function itself."""
        return super().from_config(require_function(read_config(cls, config)))


class MeanMetricWrapper(MeanMetric):
    """A metric from a function and keywords for it; `FunctionMetric` under Keras's name.

    m = Σ w fn(y, ŷ, **kwargs) / Σ w over all samples.

    Args:
        fn: Called with targets and predictions of one rank, and the keywords.
        name: Label in logs and history; by default the function's name.
        dtype: Type of the result; None means ``floatx()``.
        **kwargs: Keywords of the function.

    Raises:
        ContractError: if the function does not accept these arguments, or returns no number.

    Example:
        >>> import torch
        >>> def within(y_true, y_pred, distance):
        ...     return (y_true - y_pred).abs() <= distance
        >>> metric = MeanMetricWrapper(within, distance=1)
        >>> metric(torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [4.0]]))
        tensor(0.5000)

    Reference:
        ``keras.metrics.MeanMetricWrapper``, whose default name is the class's.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name if name is not None else find_function_name(fn), dtype)
        self.fn, self.keywords = fn, kwargs
        self.function = functools.partial(fn, **kwargs) if kwargs else fn
        self.direction = find_direction(fn) or self.direction
        self._order = check_signature(self.function, "a metric")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the function's result for the keywords, as a tensor."""
        return _call(self.name, self.function, self._order, y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return name, type and keywords, with the function as ``custom/<name>``."""
        config = {"name": self.name, "dtype": self.dtype, **self.keywords}
        return {"fn": f"custom/{find_function_name(self.fn)}", **config}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the metric again, if the configuration holds the function itself."""
        config = read_config(cls, config)
        require_function({"function": config.get("fn")})
        return cls(**config)


def _call(
    owner: str, function: Callable[..., Any], order: Order, y_true: Tensor, y_pred: Tensor
) -> Tensor:
    first, second = (y_true, y_pred) if order == "targets_first" else (y_pred, y_true)
    values = function(first, second)
    if isinstance(values, Tensor):
        return values
    if values is None or callable(values):
        found = "None" if values is None else "a function"
        raise ContractError(
            f"{owner} returned {found} instead of a number or a tensor",
            hint="A metric function returns one value a sample, shape (N,), or one number.",
        )
    return as_tensor(values, owner, "result").to(y_pred.device)
