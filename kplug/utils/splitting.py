"""``split_dataset``: splits a dataset in two."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import Dataset, Subset, TensorDataset

from kplug.backend.arrays import read_array
from kplug.components.arguments import require_integer, require_number
from kplug.errors import ArgumentValueError, DataError
from kplug.registry.quoting import quote

_OWNER = "split_dataset"


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Subset[Any], Subset[Any]]:
    """Return the first and the last samples of a dataset.

    Args:
        dataset: An array, a list or tuple of arrays with as many rows each, or a torch Dataset.
        left_size: The size of the first part: a number of samples, or a share in (0, 1); ``None`` is the
            rest.
        right_size: The size of the last part, likewise.
        shuffle: Whether to shuffle the samples first.
        seed: The seed of the order; ``None`` draws it from torch's global generator.

    Returns:
        Two torch Datasets.

    Raises:
        ArgumentValueError: A size is out of its range, or both are missing.
        DataError: The sizes are more than all samples together.

    Example:
        >>> left, right = split_dataset([[0.0], [1.0], [2.0], [3.0]], left_size=0.75)
        >>> len(left), len(right)
        (3, 1)

    Reference:
        ``keras.utils.split_dataset``, which on torch draws the samples of a part even with ``shuffle=False``.
    """
    samples = _as_dataset(dataset)
    count = len(samples)  # type: ignore[arg-type]  # torch's class has no __len__
    if left_size is None and right_size is None:
        raise ArgumentValueError(_OWNER, "left_size", None, "a size, unless right_size is one")
    left = _count(left_size, "left_size", count)
    right = _count(right_size, "right_size", count)
    left, right = count - right if left is None else left, count - left if right is None else right  # type: ignore[operator]
    if left + right > count:
        raise DataError(f"{_OWNER}: {left} and {right} samples are more than all {count}")
    order = (
        torch.randperm(count, generator=seeded(_OWNER, seed)).tolist()
        if shuffle
        else list(range(count))
    )
    return Subset(samples, order[:left]), Subset(samples, order[count - right :])


def seeded(owner: str, seed: int | None) -> torch.Generator | None:
    """Return a generator that starts at a seed; None is torch's own."""
    if seed is None:
        return None
    return torch.Generator().manual_seed(require_integer(owner, "seed", seed, "None or an integer"))


def _as_dataset(given: Any) -> Dataset[Any]:
    if isinstance(given, Dataset):
        return given
    are_several = isinstance(given, (list, tuple)) and all(hasattr(one, "shape") for one in given)
    arrays = given if are_several else [given]
    tensors = [read_array(one, f"{_OWNER}: dataset") for one in arrays]
    if not all(one.ndim for one in tensors):
        raise DataError(f"{_OWNER}: dataset is {quote(given)}, which has no samples")
    if len({len(one) for one in tensors}) != 1:
        counts = [len(one) for one in tensors]
        raise DataError(f"{_OWNER}: the arrays have different numbers of samples: {counts}")
    return TensorDataset(*tensors)


def _count(size: float | None, argument: str, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, float):
        allowed = "a share > 0 and < 1"
        return round(require_number(_OWNER, argument, size, allowed, above=0.0, below=1.0) * total)
    allowed = f"a share > 0 and < 1, or an integer from 1 to {total - 1}"
    number = require_integer(_OWNER, argument, size, allowed, at_least=1)
    if number >= total:
        raise ArgumentValueError(_OWNER, argument, size, allowed)
    return number
