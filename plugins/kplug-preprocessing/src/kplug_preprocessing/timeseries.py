"""Batches of sliding windows over a series."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from kplug.backend import read_array
from kplug.components.arguments import require_integer
from kplug.display.messages import quote
from kplug.errors import ArgumentValueError, DataError
from kplug_preprocessing.dataset_steps import DatasetSteps

_OWNER = "timeseries_dataset_from_array"


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> DataLoader[Any]:
    """Return sliding windows over a series, in batches.

    Window i begins at step s = start_index + i · sequence_stride and has the steps s, s + sampling_rate,
    s + 2 · sampling_rate, …, sequence_length of them.

    Args:
        data: The series, shape (steps, …).
        targets: Shape (steps, …); entry s belongs to the window that begins at step s. ``None`` for
            windows alone.
        sequence_length: Steps in a window, >= 1.
        sequence_stride: Steps between the beginnings of two windows, in [1, steps).
        sampling_rate: Steps between two steps of a window, in [1, steps).
        batch_size: Windows in a batch, >= 1; ``None`` for single windows.
        shuffle: Whether to shuffle the windows for each pass.
        seed: The seed of the order; ``None`` draws it from torch's global generator.
        start_index: The first step that a window may begin at, in [0, steps).
        end_index: The step before which the last window ends, in (start_index, steps].

    Returns:
        A DataLoader of ``windows`` or ``(windows, targets)``; windows have the shape
        (batch, sequence_length, …).

    Raises:
        ArgumentValueError: A number is out of its range.
        DataError: The series is shorter than one window.

    Example:
        >>> loader = timeseries_dataset_from_array([0, 1, 2, 3, 4], [1, 2, 3, 4, 5], 3)
        >>> [(windows.tolist(), targets.tolist()) for windows, targets in loader]
        [([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [1, 2, 3])]

    Reference:
        ``keras.utils.timeseries_dataset_from_array``, which returns a dataset of TensorFlow or Grain, and
        refuses ``end_index=len(data)``.
    """
    series = _read(data, "data")
    if batch_size is not None:
        batch_size = _require("batch_size", batch_size, 1, sys.maxsize)
    steps = len(series)
    length, stride, rate = (
        _require(name, value, 1, most)
        for name, value, most in (
            ("sequence_length", sequence_length, steps),
            ("sequence_stride", sequence_stride, steps - 1),
            ("sampling_rate", sampling_rate, steps - 1),
        )
    )
    start = _require("start_index", start_index or 0, 0, steps - 1)
    end = steps if end_index is None else _require("end_index", end_index, start + 1, steps)
    count = end - start - (length - 1) * rate
    goals = None if targets is None else _read(targets, "targets")
    if goals is not None:
        count = min(count, len(goals) - start)
    if count < 1:
        raise DataError(
            f"{_OWNER}: {end - start} steps, from {start} to {end}, have no window of {length} steps, "
            f"{rate} apart, that has a target",
            hint="Make sequence_length or sampling_rate smaller.",
        )
    offsets = torch.arange(length) * rate
    windows = _Windows(series, goals, torch.arange(start, start + count, stride), offsets)
    return _WindowLoader(
        windows,
        batch_size=batch_size,
        shuffle=shuffle,
        generator=_seed(seed),
        collate_fn=_keep,
    )


def _read(values: object, argument: str) -> Tensor:
    array = read_array(values, f"{_OWNER}: {argument}")
    if not array.ndim:
        raise DataError(f"{_OWNER}: {argument} is {quote(values)}, which has no steps")
    return array


class _WindowLoader(DataLoader[Any], DatasetSteps):
    """A loader of batches of windows, with the methods of TensorFlow's datasets."""


class _Windows(Dataset[Any]):
    """A dataset of windows that begin at given steps of a series, read batch by batch."""

    def __init__(
        self, series: Tensor, targets: Tensor | None, starts: Tensor, offsets: Tensor
    ) -> None:
        self.series, self.targets, self.starts, self.offsets = series, targets, starts, offsets

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Any:
        return self._read(self.starts[index])

    def __getitems__(self, indices: list[int]) -> Any:
        return self._read(self.starts[indices])

    def _read(self, starts: Tensor) -> Any:
        windows = self.series[starts[..., None] + self.offsets]
        return windows if self.targets is None else (windows, self.targets[starts])


def _seed(seed: int | None) -> torch.Generator | None:
    if seed is None:
        return None
    number = require_integer(_OWNER, "seed", seed, "None or an integer")
    return torch.Generator().manual_seed(number)


def _keep(batch: Any) -> Any:
    return batch


def _require(argument: str, value: Any, least: int, most: int) -> int:
    allowed = f"an integer from {least} to {most}"
    number = require_integer(_OWNER, argument, value, allowed, at_least=least)
    if number > most:
        raise ArgumentValueError(_OWNER, argument, value, allowed)
    return number
