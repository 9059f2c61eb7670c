"""The `FunctionLoss` class: plain functions as losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from torch import Tensor
from typing_extensions import Self

from kplug.backend import snake_case
from kplug.components.configurable import read_config
from kplug.components.contracts import check_call, find_signature
from kplug.components.layouts import has_channels_last
from kplug.errors import ContractError
from kplug.losses.base.loss import Loss, require_tensor
from kplug.registry.building.reverse_lookup import name_of

Order: TypeAlias = Literal["targets_first", "predictions_first"]

# torch's argument names; its functions and modules take the predictions first.
_PREDICTIONS_FIRST = {("input", "target"), ("y_pred", "y_true"), ("preds", "target")}


class FunctionLoss(Loss):
    """A loss from a function of ``(y_true, y_pred)``.

    L = reduce(function(y_true, y_pred), sample_weight). The function may return one value a sample,
    unreduced values of shape (N, …), or one number for the batch.

    Args:
        function: Called with targets and predictions of one rank and type. If its parameters are
            named ``(y_pred, y_true)`` or ``(input, target)`` it is called in that order.
        name: Label of the loss in logs; by default the function's name.
        reduction: See `Loss`.
        dtype: See `Loss`.

    Raises:
        ContractError: if the function cannot be called with two arguments.

    Example:
        >>> import torch
        >>> def absolute(y_true, y_pred):
        ...     return (y_true - y_pred).abs()
        >>> FunctionLoss(absolute)(torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [4.0]]))
        tensor(1.2500)

    Reference:
        Keras wraps functions in the same way (``LossFunctionWrapper``), but cannot apply one weight a
        sample to unreduced values.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: str | None = None,
    ) -> None:
        label = name if name is not None else find_function_name(function)
        super().__init__(label, reduction, dtype)
        self.function = function
        self._order = check_signature(function, "a loss")
        self.takes_logits = _takes_logits(function)
        self.mixes_samples = bool(getattr(_find_original(function), "mixes_samples", False))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the function's result, which must be a tensor."""
        if self._order == "targets_first":
            return require_tensor(self.function(y_true, y_pred), self.name)
        return require_tensor(self.function(y_pred, y_true), self.name)

    @property
    def _has_channels(self) -> bool:
        return has_channels_last(self.function)

    def get_config(self) -> dict[str, Any]:
        """Return name and reduction, with the function as ``custom/<name>``."""
        config = super().get_config()
        return {**config, "function": f"custom/{find_function_name(self.function)}"}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Rebuild the loss, if the configuration contains the function itself."""
        return super().from_config(require_function(read_config(cls, config)))


def _takes_logits(function: Callable[..., Any]) -> bool:
    """Return whether a function takes logits: by ``takes_logits`` or a bound ``from_logits=True``."""
    bound = getattr(function, "keywords", {})
    return bool(bound.get("from_logits", getattr(_find_original(function), "takes_logits", False)))


def _find_original(function: Callable[..., Any]) -> Any:
    """Return the function of which some arguments are bound, or the function itself."""
    return getattr(function, "func", function)


def require_function(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration if it contains a function, not just its name.

    Raises:
        ContractError: if there is only a name: a built-in of that name may be another function.
    """
    if not callable(config.get("function")):
        raise ContractError(
            f"the function {config.get('function')!r} is not part of its configuration",
            hint="Register it, in kplug.scope(losses={…}) or as a plugin, and refer to it by name.",
        )
    return config


def find_function_name(function: Callable[..., Any]) -> str:
    """Return a function's name in logs; for a callable object the name of its class.

    Example:
        >>> find_function_name(find_function_name)
        'find_function_name'
    """
    name = name_of(function)
    return "lambda" if name == "<lambda>" else snake_case(name)


def check_signature(function: Callable[..., Any], kind: str) -> Order:
    """Return the order in which a callable takes targets and predictions.

    Raises:
        ContractError: if it cannot be called with exactly two positional arguments.
    """
    check_call(
        function,
        (None, None),
        {},
        kind,
        f"{kind[0].upper()}{kind[1:]} is called with (y_true, y_pred): bind other arguments first, "
        "with functools.partial or in a function that returns it.",
    )
    signature = find_signature(function)
    leading = () if signature is None else tuple(signature.parameters)[:2]
    return "predictions_first" if leading in _PREDICTIONS_FIRST else "targets_first"
