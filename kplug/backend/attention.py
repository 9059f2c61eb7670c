"""Scaled dot-product attention, and its masks."""

from __future__ import annotations

import string
from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.errors import DataError


class AttentionEquations(NamedTuple):
    """The einsum equations of attention along certain axes.

    ``scores`` takes key and query, and returns the axes of batch, heads, query and key. ``outputs`` takes
    scores and value.
    """

    scores: str
    outputs: str


def make_attention_equations(ndim: int, axes: Sequence[int]) -> AttentionEquations:
    """Return the equations for tensors whose last two axes are the heads and their features.

    Args:
        ndim: Number of axes, those two included.
        axes: The axes to attend along, in [1, ndim − 2).

    Example:
        >>> make_attention_equations(4, (1,))
        AttentionEquations(scores='aecd,abcd->acbe', outputs='acbe,aecd->abcd')
    """
    target = string.ascii_letters[:ndim]
    fresh = iter(string.ascii_letters[ndim:])
    source = "".join(next(fresh) if axis in axes else target[axis] for axis in range(ndim))
    batch = "".join(target[axis] for axis in range(ndim - 1) if axis not in axes)
    attended = [*(target[axis] for axis in axes), *(source[axis] for axis in axes)]
    scores = batch + "".join(attended)
    return AttentionEquations(f"{source},{target}->{scores}", f"{scores},{source}->{target}")


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    scale: float,
    mask: Tensor | None = None,
    query_mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    """Return softmax(scale · query · keyᵀ) · value for each head, by torch's fused kernels.

    Args:
        query: Shape (N, T, heads, features).
        key: Shape (N, S, heads, features).
        value: Shape (N, S, heads, value features).
        scale: Factor of the scores.
        mask: Booleans that broadcast to (N, heads, T, S); False where a query must not look.
        query_mask: Booleans that broadcast to (N, heads, T, 1); False where a query must look nowhere.
        is_causal: Whether query t sees only keys up to t; excludes masks.

    Returns:
        A tensor (N, T, heads, value features). A fully masked query gets the mean of all
            values, as in Keras; its gradient is that of a mean, as in Keras on JAX.
    """
    kind = query.dtype
    if is_widened := _trains_sooner_in_float32(query, key):
        query, key, value = query.float(), key.float(), value.float()
    bias, query = None, query.transpose(1, 2)
    if mask is not None:
        query_mask = join_masks(query_mask, mask.any(-1, keepdim=True))
        low = 0.7 * torch.finfo(query.dtype).min
        bias = torch.zeros_like(mask, dtype=query.dtype).masked_fill_(~mask, low)
    if query_mask is not None:
        # Zero and unmask fully masked queries, which then get the mean of all values. A large negative bias
        # at all keys gives the same result but another gradient: torch's kernels save the logarithm of the
        # sum, where rounding beside the bias loses the logarithm of the number of keys.
        seeing = query_mask.to(query.dtype)  # a product takes a third of the time of masked_fill
        query = query * seeing
        bias = None if bias is None else bias * seeing
    # Under autocast torch would narrow them again.
    with torch.autocast(query.device.type, enabled=False) if is_widened else nullcontext():
        made = F.scaled_dot_product_attention(
            query,
            key.transpose(1, 2),
            value.transpose(1, 2),
            attn_mask=bias,
            is_causal=is_causal,
            scale=scale,
        )
    return made.to(kind).transpose(1, 2)


def _trains_sooner_in_float32(query: Tensor, key: Tensor) -> bool:
    """Return whether float32 is faster: of few keys, torch's kernel has a slow backward pass in bfloat16.

    On a CPU with AMX it takes three times as long as in float32 at 64 keys, and less than that from 192 on.
    """
    is_narrow = query.dtype is torch.bfloat16 and query.device.type == "cpu"
    return is_narrow and query.requires_grad and key.shape[1] <= 128


def masked_softmax(scores: Tensor, mask: Tensor | None, axis_count: int = 1) -> Tensor:
    """Return the softmax over several trailing axes jointly; 0 where a mask is False.

    Args:
        scores: Shape (N, …).
        mask: Booleans that broadcast with the scores, or ``None``.
        axis_count: The number of trailing axes to normalize jointly.
    """
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    flat = scores.flatten(-axis_count) if axis_count > 1 else scores
    shares = flat.softmax(-1).view(scores.shape)
    return shares if mask is None else shares.masked_fill(~mask, 0.0)


def causal_mask(query_size: int, key_size: int, device: torch.device) -> Tensor:
    """Return the causal mask: each query sees keys up to its own position.

    Example:
        >>> causal_mask(2, 3, torch.device("cpu"))
        tensor([[[ True, False, False],
                 [ True,  True, False]]])
    """
    return torch.ones(1, query_size, key_size, dtype=torch.bool, device=device).tril()


def window_mask(query_size: int, key_size: int, width: int, device: torch.device) -> Tensor:
    """Return the window mask: each query sees keys fewer than ``width`` positions away.

    Example:
        >>> window_mask(2, 3, 1, torch.device("cpu"))
        tensor([[[ True, False, False],
                 [False,  True, False]]])
    """
    rows = torch.arange(query_size, device=device)[:, None]
    columns = torch.arange(key_size, device=device)[None, :]
    return ((rows - columns).abs() < width)[None]


def join_masks(*masks: Tensor | None) -> Tensor | None:
    """Return the conjunction of the given masks, or ``None`` if there are none. One given twice counts once.

    Raises:
        DataError: Their shapes do not broadcast.
    """
    joined: Tensor | None = None
    for mask in masks:
        if mask is None or mask is joined:
            continue
        try:
            joined = mask if joined is None else joined & mask
        except RuntimeError as error:
            assert joined is not None  # noqa: S101 - one mask alone cannot fail
            raise DataError(
                f"masks of shapes {tuple(joined.shape)} and {tuple(mask.shape)} do not fit together"
            ) from error
    return joined
