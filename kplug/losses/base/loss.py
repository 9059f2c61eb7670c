"""The `Loss` base class: ``call`` gives a value per sample, ``__call__`` one number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import dtype_name, floatx, snake_case, to_dtype
from kplug.backend.masks import get_mask
from kplug.components.configurable import (
    check_keys,
    read_arguments,
    read_config,
    remember_arguments,
    write_call,
)
from kplug.components.layouts import has_channels_last
from kplug.dialect.keras2.component_configs import translate_loss_config
from kplug.errors import ContractError
from kplug.losses.base.alignment import (
    REDUCED_TYPES,
    ArrayLike,
    align_ranks,
    as_class_ids,
    as_predictions,
    as_targets,
    as_tensor,
    has_several,
)
from kplug.losses.base.reduction import (
    MEAN_REDUCTIONS,
    join_masks,
    mean_of,
    reduce_values,
    standardize_reduction,
    sum_of_weights,
)
from kplug.registry.parameters import takes_any_keyword
from kplug.registry.user_warnings import warn


class Loss(ABC):
    """Compares targets with predictions.

    L = reduce(call(y_true, y_pred), sample_weight), where the reduction is one of
    ``sum_over_batch_size`` (Σws / numel), ``mean`` (the same), ``sum`` (Σws), ``none`` (ws) and
    ``mean_with_sample_weight`` (Σws / Σw).

    A subclass defines ``call``, or overrides ``__call__`` and does everything itself. Before ``call`` runs,
    targets of shape (N,) are reshaped to (N, 1) for predictions of shape (N, 1), and targets are cast to the
    predictions' type.

    Args:
        name: Label of the loss in logs; by default the class's name in snake case.
        reduction: One of the names above; None is ``none``.
        dtype: Type of the arithmetic, or a Keras policy, whose compute type applies. None keeps the type
            of tensor predictions (but float32 for half types) and means ``floatx()`` for arrays and
            sequences.

    Raises:
        ArgumentValueError: if the reduction or the type is unknown; in a subclass also for an argument
            outside its range.

    Example:
        >>> class Cubed(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return (y_pred - y_true).abs().pow(3).mean(dim=-1)
        >>> Cubed()(torch.tensor([1.0, 0.0]), torch.tensor([[3.0], [1.0]]))
        tensor(4.5000)

    Reference:
        ``keras.losses.Loss``. Keras does not align ranks for a subclass, so that (N,) and (N, 1)
        broadcast to (N, N); it computes in ``floatx()`` unless told otherwise, also for tensors; and
        its configuration forgets ``dtype``. Keras 2 and tf-keras take ``reduction`` first.
    """

    # On the class, for subclasses that do not call super().__init__().
    name: str = "loss"
    reduction: str = "sum_over_batch_size"
    takes_class_ids: bool = False
    takes_logits: bool = False  # unless an attribute from_logits decides
    mixes_samples: bool = False  # a value may depend on the whole batch
    _compute_dtype: torch.dtype | None = None
    _has_checked: bool = False
    _has_counted: bool = False
    _told: tuple[str, ...] = ()

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name if name is not None else snake_case(type(self).__name__)
        self.reduction = standardize_reduction(reduction, self.name)
        self._compute_dtype = None if dtype is None else _read_dtype(dtype)

    @property
    def dtype(self) -> str | None:
        """Name of the type of the arithmetic, or None: that of the predictions."""
        return None if self._compute_dtype is None else dtype_name(self._compute_dtype)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        remember_arguments(cls)
        if "name" not in cls.__dict__:
            cls.name = snake_case(cls.__name__)
        # As in Keras, a subclass may override all of it.
        if "__call__" in cls.__dict__ and cls.call is Loss.call:
            cls.call = _refuse_parts  # type: ignore[method-assign]
        # A subclass with its own arithmetic must not inherit its parent's fused kernel.
        if "call" in cls.__dict__ and "batch_mean" not in cls.__dict__:
            cls.batch_mean = Loss.batch_mean  # type: ignore[method-assign]
        # One with a reduction of its own must not inherit its parent's divisor.
        if "__call__" in cls.__dict__ and "find_divisor" not in cls.__dict__:
            cls.find_divisor = _count_samples  # type: ignore[method-assign]

    @abstractmethod
    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each sample.

        Args:
            y_true: Targets, usually of the shape of ``y_pred`` and in its type.
            y_pred: Predictions, shape (N, …).

        Returns:
            Shape (N,) or (N, T, …); or () for a loss that is defined on the whole batch.
        """

    def __call__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike = None,
        mask: ArrayLike = None,
    ) -> Tensor:
        """Return the reduced loss.

        Args:
            y_true: Targets, shape (N, …).
            y_pred: Predictions, shape (N, …).
            sample_weight: None or weights of shape (), (N,), (N, 1) or (N, T, …).
            mask: None or booleans; False excludes a sample or time step from the mean. It is combined
                with a mask of the predictions, ``_keras_mask``.

        Returns:
            A tensor of shape (), or the values for reduction ``none``. A reduced loss of no samples is 0;
            Keras returns an empty tensor then.

        Raises:
            DataError: if shapes do not match; at the first call also for values that the loss is not
                defined for.
        """
        mask = join_masks(mask, get_mask(y_pred))
        targets, predictions = self.align(
            y_true, y_pred, sample_weight if sample_weight is not None else mask
        )
        if not self._has_checked:
            self._check_once(targets, predictions)
        is_plain = sample_weight is None and mask is None and not self.masks_values
        if is_plain and self.reduction in MEAN_REDUCTIONS:
            return self.batch_mean(targets, predictions)
        values = self._call_and_count(targets, predictions)
        if self.masks_values:
            mask = join_masks(mask, self.find_mask(targets, predictions, values))
        if sample_weight is not None and values.ndim == 0:
            self._warn_of_scalar(sample_weight)
        return reduce_values(values, self.reduction, sample_weight, mask)

    def align(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> tuple[Tensor, Tensor]:
        """Return targets and predictions as tensors of one rank, device and type.

        With weights per sample, predictions of shape (N,) are N samples of one value. With weights per time
        step, a last axis of length 1 is kept. In both cases ``call`` returns a value for each weight.
        """
        dtype = self._compute_dtype
        if dtype is None and not isinstance(y_pred, Tensor):
            dtype = to_dtype(floatx())
        predictions = as_predictions(y_pred, dtype, self.name)
        if dtype is None and predictions.dtype in REDUCED_TYPES:
            predictions = predictions.float()
        if self.takes_class_ids:
            return as_class_ids(y_true, predictions, self.name), predictions
        targets = as_targets(y_true, predictions, self.name)
        weight_rank = 0 if sample_weight is None else _find_rank(sample_weight)
        if targets.ndim != predictions.ndim:
            keeps_axis = weight_rank > 1 or self._has_channels
            return align_ranks(targets, predictions, keep_last_axis=keeps_axis)
        if weight_rank and targets.ndim == 1 and has_several(sample_weight):
            return targets.unsqueeze(-1), predictions.unsqueeze(-1)
        return targets, predictions

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
        """Return the unreduced, unweighted values: ``call`` after alignment."""
        return self.call(*self.align(y_true, y_pred))

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean of ``call``; a subclass may override it with a fused kernel."""
        return mean_of(self._call_and_count(y_true, y_pred))

    def find_divisor(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor | None:
        """Return what a mean over these samples divides by, or None for their number.

        Batches whose gradients are accumulated count by it, so it need only be right up to a factor that is
        the same for all batches. A subclass whose ``__call__`` divides by something else overrides it.
        """
        mask = get_mask(y_pred)
        if self.masks_values:
            aligned = self.align(
                y_true, y_pred, sample_weight if sample_weight is not None else mask
            )
            mask = join_masks(mask, self.find_mask(*aligned, self.call(*aligned)))
        weighs = self.reduction == "mean_with_sample_weight"
        return sum_of_weights(sample_weight if weighs else None, mask, y_pred.dtype)

    @property
    def _has_channels(self) -> bool:
        """Whether an axis of length 1 is the channel axis, which must not be dropped."""
        return has_channels_last(self)

    @property
    def masks_values(self) -> bool:
        """Whether `find_mask` may exclude values."""
        return False

    def find_mask(self, y_true: Tensor, y_pred: Tensor, values: Tensor) -> Tensor | None:  # noqa: ARG002  # for subclasses
        """Return the mask of values that count, shape of ``values``, or None for all."""
        return None

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: B027  # optional
        """Refuse numbers that the loss is not defined for.

        It is called once, with the first batch: reading numbers in every step would synchronize each with
        the device.

        Raises:
            DataError: with the argument, the number and the allowed range.
        """

    def check_targets(self, y_true: Tensor) -> None:  # noqa: B027  # optional
        """Refuse targets that the loss is not defined for; `warn_once` about probable mistakes.

        It is called with the minima and maxima of several batches, when they are read anyway.

        Args:
            y_true: Targets, shape (n,).

        Raises:
            DataError: with the number and the allowed range.
        """

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as values that JSON can hold.

        The keys are Keras 3's, plus the arguments that its configurations omit; ``dtype`` is included if
        it was given.
        """
        config = read_arguments(self)
        if takes_any_keyword(type(self)):
            config = {"name": self.name, "reduction": self.reduction, "dtype": self.dtype, **config}
        if config.get("dtype", "") is None:
            del config["dtype"]
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the loss of a configuration from kplug, Keras 3, tf-keras or Keras 2.3."""
        translated = translate_loss_config(read_config(cls, config))
        check_keys(cls, translated)
        return cls(**translated)

    def __repr__(self) -> str:
        return write_call(self, self.get_config())

    def _check_once(self, y_true: Tensor, y_pred: Tensor) -> None:
        # A compiled graph must not read numbers, meta tensors have none.
        if torch.compiler.is_compiling() or y_pred.is_meta or not y_pred.numel():
            return
        if not self.takes_class_ids and y_true.shape != y_pred.shape:
            return  # the loss itself reports it
        self.check_values(y_true, y_pred)
        self._has_checked = True

    def warn_once(self, message: str) -> None:
        """Warn about the data, unless this loss has issued the same warning."""
        if message not in self._told:
            self._told = (*self._told, message)
            warn(message)

    def _call_and_count(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values, and check their count for the first batch."""
        values = self.call(y_true, y_pred)
        if not self._has_counted:
            self._has_counted = True
            count, found = len(y_pred) if y_pred.ndim else 1, len(values) if values.ndim else 1
            if values.numel() > 1 and found < count and not self.mixes_samples:
                self.warn_once(
                    f"{self.name}: the loss returned {found} values, shape {tuple(values.shape)}, for "
                    f"{count} samples. Return one value a sample, shape ({count},); if they stand for "
                    "something else, such as pairs or classes, return their mean."
                )
        return values

    def _warn_of_scalar(self, sample_weight: ArrayLike) -> None:
        if _find_rank(sample_weight):
            self.warn_once(
                f"{self.name}: sample_weight cannot act on single samples, because the loss returns one "
                "number for the whole batch; that number is multiplied by the mean weight. Return one "
                "value a sample, shape (N,), to have each weighted."
            )


def _find_rank(values: ArrayLike) -> int:
    return values.ndim if isinstance(values, Tensor) else as_tensor(values).ndim


def _read_dtype(dtype: Any) -> torch.dtype:
    """Return the compute type, which a policy such as ``mixed_float16`` defines."""
    given = getattr(dtype, "compute_dtype", dtype)
    if isinstance(given, Mapping):
        given = str(given.get("config", {}).get("name", ""))
    return to_dtype(given.removeprefix("mixed_") if isinstance(given, str) else given)


def require_tensor(values: object, owner: str) -> Tensor:
    """Return the values of a user's function, which must be a tensor.

    Raises:
        ContractError: if they are no tensor.
    """
    if isinstance(values, Tensor):
        return values if values.is_floating_point() else values.to(to_dtype(None))
    if callable(values):
        hint = f"{owner} makes a loss: pass what it returns, such as loss={owner}(…)."
        raise ContractError(f"{owner} returned a function instead of a tensor", hint=hint)
    raise ContractError(
        f"{owner} returned {type(values).__name__} instead of a tensor",
        hint="Return one value a sample, shape (N,), or one for the batch, shape (), computed with "
        "torch or kplug.backend.",
    )


def _count_samples(
    self: Loss,  # noqa: ARG001 - as ``find_divisor``
    y_true: Tensor,  # noqa: ARG001
    y_pred: Tensor,  # noqa: ARG001
    sample_weight: Tensor | None = None,  # noqa: ARG001
) -> Tensor | None:
    """Return None: the number of samples counts."""
    return None


def _refuse_parts(self: Loss, y_true: Tensor, y_pred: Tensor) -> Tensor:  # noqa: ARG001 - as ``call``
    raise ContractError(
        f"loss {self.name!r} has no values of single samples: {type(self).__name__} writes __call__ alone",
        hint="Write call(y_true, y_pred) in its place; it returns the loss of each sample.",
    )
