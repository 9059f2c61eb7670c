"""Functions that reshape, join and index tensors."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from kplug.backend.convert import TensorLike, to_shape, to_tensor
from kplug.backend.dtypes import DTypeLike, to_dtype
from kplug.backend.indices import to_indices
from kplug.errors import ArgumentValueError


def flatten(x: TensorLike) -> torch.Tensor:
    """Return all elements in one row, the batch axis included.

    Example:
        >>> flatten([[1, 2], [3, 4]])
        tensor([1, 2, 3, 4])
    """
    return to_tensor(x).reshape(-1)


def batch_flatten(x: TensorLike) -> torch.Tensor:
    """Return ``x`` of shape (N, …) as a matrix (N, rest)."""
    x = to_tensor(x)
    return x.reshape(x.shape[0], -1)


def reshape(x: TensorLike, shape: Sequence[int]) -> torch.Tensor:
    """Return the elements in another shape; one size may be −1."""
    return to_tensor(x).reshape(tuple(int(size) for size in shape))


def expand_dims(x: TensorLike, axis: int = -1) -> torch.Tensor:
    """Return ``x`` with an axis of size 1 put in at ``axis``."""
    return to_tensor(x).unsqueeze(axis)


def squeeze(x: TensorLike, axis: int) -> torch.Tensor:
    """Return ``x`` without its ``axis``, whose size must be 1: torch would silently keep other axes."""
    x = to_tensor(x)
    if not -x.ndim <= axis < x.ndim or x.shape[axis] != 1:
        allowed = f"an axis of size 1; the shape is {tuple(x.shape)}"
        raise ArgumentValueError("squeeze", "axis", axis, allowed)
    return x.squeeze(axis)


def transpose(x: TensorLike) -> torch.Tensor:
    """Return ``x`` with the order of all its axes reversed."""
    x = to_tensor(x)
    return x.permute(*reversed(range(x.ndim)))


def permute_dimensions(x: TensorLike, pattern: Sequence[int]) -> torch.Tensor:
    """Return ``x`` with its axes in the order of ``pattern``."""
    return to_tensor(x).permute(*pattern)


def concatenate(tensors: Sequence[TensorLike], axis: int = -1) -> torch.Tensor:
    """Return the tensors joined along an existing axis."""
    return torch.cat([to_tensor(one) for one in tensors], dim=axis)


def stack(x: Sequence[TensorLike], axis: int = 0) -> torch.Tensor:
    """Return the tensors joined along a new axis."""
    return torch.stack([to_tensor(one) for one in x], dim=axis)


def tile(x: TensorLike, n: int | Sequence[int]) -> torch.Tensor:
    """Return ``x`` repeated ``n[i]`` times along each axis ``i``."""
    return torch.tile(to_tensor(x), (n,) if isinstance(n, int) else tuple(n))


def repeat(x: TensorLike, n: int) -> torch.Tensor:
    """Return a matrix (N, D) repeated to (N, n, D)."""
    return to_tensor(x).unsqueeze(1).repeat(1, n, 1)


def repeat_elements(x: TensorLike, rep: int, axis: int) -> torch.Tensor:
    """Return ``x`` with each element along ``axis`` written ``rep`` times in a row."""
    return to_tensor(x).repeat_interleave(rep, dim=axis)


def reverse(x: TensorLike, axes: int | Sequence[int]) -> torch.Tensor:
    """Return ``x`` with the order of elements along ``axes`` reversed."""
    return to_tensor(x).flip((axes,) if isinstance(axes, int) else tuple(axes))


def arange(
    start: int, stop: int | None = None, step: int = 1, dtype: DTypeLike = "int32"
) -> torch.Tensor:
    """Return the numbers from ``start`` (or from 0 to ``start``) up to below ``stop``."""
    first, last = (0, start) if stop is None else (start, stop)
    return torch.arange(first, max(first, last) if step > 0 else last, step, dtype=to_dtype(dtype))


def gather(reference: TensorLike, indices: TensorLike) -> torch.Tensor:
    """Return the rows of ``reference`` (rows, …) at ``indices``: ``indices.shape + reference.shape[1:]``."""
    return to_tensor(reference)[to_indices(indices, "gather")]


def one_hot(indices: TensorLike, num_classes: int) -> torch.Tensor:
    """Return rows of zeros with a 1 at each index: ``indices.shape + (num_classes,)``, in ``floatx()``.

    An index outside [0, num_classes) gives a row of zeros.

    Example:
        >>> one_hot([2, 0], 3)
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
    """
    found = to_indices(indices, "one_hot")
    classes = torch.arange(num_classes, device=found.device)
    return (found.unsqueeze(-1) == classes).to(to_dtype(None))


def zeros(shape: object, dtype: DTypeLike = None, name: str | None = None) -> torch.Tensor:
    """Return a tensor of zeros; ``name`` is ignored."""
    del name
    return torch.zeros(to_shape(shape), dtype=to_dtype(dtype))


def ones(shape: object, dtype: DTypeLike = None, name: str | None = None) -> torch.Tensor:
    """Return a tensor of ones; ``name`` is ignored."""
    del name
    return torch.ones(to_shape(shape), dtype=to_dtype(dtype))


def eye(
    size: int | Sequence[int], dtype: DTypeLike = None, name: str | None = None
) -> torch.Tensor:
    """Return the identity matrix; ``size`` may be (rows, columns); ``name`` is ignored."""
    del name
    rows, columns = (size, size) if isinstance(size, int) else size
    return torch.eye(rows, columns, dtype=to_dtype(dtype))


def zeros_like(x: TensorLike, dtype: DTypeLike = None, name: str | None = None) -> torch.Tensor:
    """Return zeros in the shape of ``x``, and of its type unless ``dtype`` is given; ``name`` is ignored."""
    del name
    return torch.zeros_like(to_tensor(x), dtype=None if dtype is None else to_dtype(dtype))


def ones_like(x: TensorLike, dtype: DTypeLike = None, name: str | None = None) -> torch.Tensor:
    """Return ones in the shape of ``x``, and of its type unless ``dtype`` is given; ``name`` is ignored."""
    del name
    return torch.ones_like(to_tensor(x), dtype=None if dtype is None else to_dtype(dtype))
