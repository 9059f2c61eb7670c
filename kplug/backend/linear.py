"""Matrix products and norms."""

from __future__ import annotations

import torch

from kplug.backend.convert import TensorLike, to_float, to_tensor
from kplug.backend.global_settings import standardize_data_format
from kplug.errors import ArgumentValueError


def dot(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return the product of the last axis of ``x`` with the second-last axis of ``y``.

    For matrices it is the matrix product; for more axes none of them is a batch, so
    (2, 3)·(4, 3, 5) is (2, 4, 5).
    """
    x, y = to_tensor(x), to_tensor(y)
    if y.ndim <= 2 and x.ndim >= 1:
        return torch.matmul(x, y)
    product: torch.Tensor = torch.tensordot(x, y, dims=([x.ndim - 1], [max(y.ndim - 2, 0)]))
    return product


def batch_dot(
    x: TensorLike, y: TensorLike, axes: int | tuple[int, int] | list[int] | None = None
) -> torch.Tensor:
    """Return the product of ``x`` (N, …) and ``y`` (N, …) for each sample: (N, rest of x, rest of y).

    ``axes`` gives the summed axis of each; ``None`` is the last of ``x`` with the second-last
    of ``y`` (the last, if ``y`` has two axes). A result of shape (N,) becomes (N, 1).

    Example:
        >>> batch_dot([[1.0, 2.0]], [[3.0, 4.0]], axes=1)
        tensor([[11.]])
    """
    x, y = to_tensor(x), to_tensor(y)
    if axes is None:
        axes = (x.ndim - 1, y.ndim - 1 if y.ndim == 2 else y.ndim - 2)
    left, right = (axes, axes) if isinstance(axes, int) else axes
    left_letters = ["n"] + [chr(ord("a") + number) for number in range(x.ndim - 1)]
    right_letters = ["n"] + [chr(ord("A") + number) for number in range(y.ndim - 1)]
    left_letters[left % x.ndim] = right_letters[right % y.ndim] = "z"
    rest = [letter for letter in left_letters[1:] + right_letters[1:] if letter != "z"]
    equation = f"{''.join(left_letters)},{''.join(right_letters)}->n{''.join(rest)}"
    product = torch.einsum(equation, x, y)
    return product.unsqueeze(1) if product.ndim == 1 else product


def bias_add(x: TensorLike, bias: TensorLike, data_format: str | None = None) -> torch.Tensor:
    """Return ``x`` with a bias for each channel added.

    ``bias`` has the shape (channels,), or (…, channels) with a value for each position.
    """
    x, bias = to_tensor(x), to_tensor(bias)
    layout = standardize_data_format(data_format, "bias_add")
    if bias.ndim not in (1, x.ndim - 1):
        allowed = f"a tensor with 1 axis or {x.ndim - 1}"
        raise ArgumentValueError("bias_add", "bias", tuple(bias.shape), allowed)
    if layout == "channels_first" and x.ndim > 2:
        bias = bias.movedim(-1, 0).reshape(bias.shape[-1], *(bias.shape[:-1] or [1] * (x.ndim - 2)))
    return x + bias


def l2_normalize(x: TensorLike, axis: int | None = None) -> torch.Tensor:
    """Return x / √max(Σx², 1e-12), the sum taken over ``axis`` (``None``: over everything)."""
    x = to_float(x)
    squares = torch.square(x)
    total = squares.sum() if axis is None else squares.sum(dim=axis, keepdim=True)
    return x * torch.rsqrt(torch.clamp(total, min=1e-12))
