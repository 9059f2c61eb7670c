"""Iterates over the data of ``adapt``, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor

from kplug.backend import to_tensor
from kplug.backend.arrays import is_table
from kplug.errors import DataError


def iterate_batches(data: Any, owner: str = "") -> Iterable[Tensor]:
    """Yield data as tensors.

    Args:
        data: An array, a tensor, a table of pandas or rows of numbers, which are one batch; or an
            iterable of batches, such as a ``DataLoader``. A batch that is a tuple holds its inputs first.
        owner: The name of the layer, if it cannot adapt to NaN.

    Raises:
        DataError: There is an ``owner``, and a batch has NaN.

    Example:
        >>> [batch.tolist() for batch in iterate_batches([np.array([1, 2]), (np.array([3]), None)])]
        [[1, 2], [3]]
    """
    for batch in _as_tensors(data):
        missing = int(batch.isnan().sum()) if owner and batch.is_floating_point() else 0
        if missing:
            raise DataError(
                f"layer {owner!r} cannot adapt to NaN, got {missing} of them",
                hint="Fill missing values first, as table.fillna(table.median()) does, or leave rows out.",
            )
        yield batch


def _as_tensors(data: Any) -> Iterable[Tensor]:
    if isinstance(data, (Tensor, np.ndarray)) or is_table(data):
        yield to_tensor(data).detach()
        return
    is_rows = (
        isinstance(data, (list, tuple))
        and len(data) > 0
        and not any(isinstance(part, (Tensor, np.ndarray, tuple)) for part in data)
    )
    if is_rows or not isinstance(data, Iterable):
        yield to_tensor(np.asarray(data))
        return
    for batch in data:
        first = batch[0] if isinstance(batch, (list, tuple)) else batch
        yield to_tensor(first).detach()
