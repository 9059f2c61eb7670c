"""Reductions of loss values, with sample weights and masks."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.errors import ArgumentValueError, DataError
from kplug.losses.base.alignment import ArrayLike, as_tensor

MEAN_REDUCTIONS = frozenset({"sum_over_batch_size", "mean", "mean_with_sample_weight"})
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight")


def standardize_reduction(reduction: object, owner: str) -> str:
    """Return the name of a reduction; ``None`` is ``'none'``.

    Raises:
        ArgumentValueError: for anything that is no reduction.
    """
    if reduction is None:
        return "none"
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        allowed = ", ".join(map(repr, REDUCTIONS)) + " or None"
        raise ArgumentValueError(owner, "reduction", reduction, allowed)
    return reduction


def reduce_values(
    values: Tensor,
    reduction: str = "sum_over_batch_size",
    sample_weight: ArrayLike = None,
    mask: ArrayLike = None,
) -> Tensor:
    """Reduce the values of a loss.

    With values s and weights w (broadcast to s):
    ``sum_over_batch_size`` and ``mean`` give Σws / numel(s), zero weights counted; ``sum`` gives Σws;
    ``mean_with_sample_weight`` gives Σws / Σw; ``none`` gives ws. Masked values count neither in the
    sum nor in the divisor.

    Args:
        values: One value a sample, shape (N,) or (N, T, …), or one for the whole batch, shape ().
        reduction: One of the names above.
        sample_weight: None or numbers of shape (), (N,), (N, 1) or (N, T, …).
        mask: None or booleans of a shape that weights may have; False leaves a value out.

    Returns:
        A tensor of shape (), or like ``values`` for ``none``.

    Raises:
        DataError: if the weights' shape does not fit the values'.

    Example:
        >>> values = torch.tensor([1.0, 2.0, 6.0])
        >>> reduce_values(values, sample_weight=[1, 0, 1])
        tensor(2.3333)
    """
    weights = _merge_weights(values, reduction, sample_weight, mask)
    if weights is None:
        return _reduce_unweighted(values, reduction)
    product = values * weights
    if reduction == "mean_with_sample_weight":
        return _divide_no_nan(product.sum(), weights.expand_as(product).sum())
    return _reduce_unweighted(product, reduction)


def mean_of(values: Tensor) -> Tensor:
    """Return the mean of all values, and 0 for none."""
    return values.mean() if values.numel() else values.sum()


def can_fuse(y_true: Tensor, y_pred: Tensor) -> bool:
    """Return whether torch's fused kernels of values and mean apply: same shapes, not empty."""
    return y_true.shape == y_pred.shape and y_pred.numel() > 0


def fit_weights(weights: Tensor, values: Tensor, argument: str = "sample_weight") -> Tensor:
    """Give weights the rank of the values, so that (N,) acts on every step of (N, T).

    Raises:
        DataError: if a dimension is neither 1 nor the values'.
    """
    fitted = weights
    while fitted.ndim > values.ndim and fitted.shape[-1] == 1:
        fitted = fitted.squeeze(-1)
    if 0 < fitted.ndim < values.ndim:
        fitted = fitted.reshape(fitted.shape + (1,) * (values.ndim - fitted.ndim))
    # A value of shape () belongs to the whole batch and takes weights of any length.
    fits = values.ndim == 0 or (
        fitted.ndim <= values.ndim
        and all(have in (1, want) for have, want in zip(fitted.shape, values.shape, strict=False))
    )
    if not fits:
        raise DataError(
            f"{argument} has shape {tuple(weights.shape)} and the values have shape "
            f"{tuple(values.shape)}",
            hint="Give one weight a sample, shape (N,), or one a value, shape "
            f"{tuple(values.shape)}.",
        )
    return fitted


def as_weights(
    sample_weight: ArrayLike, values: Tensor, owner: str, dtype: torch.dtype | None = None
) -> Tensor:
    """Return weights on the values' device and of their rank; by default in their own type.

    Raises:
        DataError: if they do not fit the values.
    """
    given = as_tensor(sample_weight, owner, "sample_weight")
    return fit_weights(given.to(device=values.device, dtype=dtype), values)


def join_masks(first: ArrayLike, second: ArrayLike) -> ArrayLike:
    """Return the conjunction of two masks; None keeps everything.

    Example:
        >>> join_masks([True, False, True], [True, True, False])
        tensor([ True, False, False])
    """
    if first is None or second is None:
        return second if first is None else first
    one, other = as_tensor(first, "loss", "mask").bool(), as_tensor(second, "loss", "mask").bool()
    while one.ndim < other.ndim:
        one = one.unsqueeze(-1)
    while other.ndim < one.ndim:
        other = other.unsqueeze(-1)
    return one & other.to(one.device)


def sum_of_weights(sample_weight: ArrayLike, mask: ArrayLike, dtype: torch.dtype) -> Tensor | None:
    """Return the sum of the weights that a mask leaves, in a type or in float32; None without both."""
    if sample_weight is None and mask is None:
        return None
    given = [as_tensor(each, "loss", "mask") for each in (sample_weight, mask) if each is not None]
    rank = max(each.ndim for each in given)
    kind = torch.promote_types(dtype, torch.float32)
    total = torch.ones((), dtype=kind, device=given[0].device)
    for each in given:
        total = total * each.to(kind).reshape(each.shape + (1,) * (rank - each.ndim))
    return total.sum()


def _reduce_unweighted(values: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return values
    return values.sum() if reduction == "sum" else mean_of(values)


def _merge_weights(
    values: Tensor, reduction: str, sample_weight: ArrayLike, mask: ArrayLike
) -> Tensor | None:
    weights = None
    if sample_weight is not None:
        weights = as_weights(sample_weight, values, "loss", values.dtype)
    if mask is None:
        return weights
    kept = as_tensor(mask, "loss", "mask").to(device=values.device, dtype=values.dtype)
    scaled = fit_weights(kept, values, "mask")
    if reduction in ("sum_over_batch_size", "mean"):
        # The factor total/valid makes the mean over all positions equal that over the valid ones.
        scaled = scaled * (scaled.numel() / scaled.sum().clamp(min=1))
    return scaled if weights is None else scaled * weights


def _divide_no_nan(total: Tensor, divisor: Tensor) -> Tensor:
    is_zero = divisor == 0
    return torch.where(is_zero, 0.0, total / torch.where(is_zero, 1.0, divisor))
