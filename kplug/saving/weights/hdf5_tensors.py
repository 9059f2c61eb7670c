"""Writes tensors to HDF5 datasets, and reads them back.

A kernel of Keras's shape (…, out) is stored in memory as (out, …), but in C order in a file. So it is
transposed as a matrix, for which torch has a blocked routine. Transposing takes longer than the I/O, so
threads do it while the next kernel is read or the previous one is written.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import Self

from kplug.layers.base.lora import restart_adapter
from kplug.saving.hdf5_library import h5py
from kplug.saving.weights.load_plan import Assignment, WeightSource

_NUMPY_FLOATS = {torch.float16, torch.float32, torch.float64}
_MOST_THREADS = 4


def write_all(items: Iterable[tuple[h5py.Group, str, Tensor]]) -> None:
    """Store tensors as datasets of the same shapes, each in a group under a name, in their order."""
    with _Transposer() as transposer:
        waiting: deque[tuple[h5py.Group, str, Tensor | Future[Tensor]]] = deque()
        for group, name, tensor in items:
            values = _to_cpu(tensor)
            is_ready = values.is_contiguous()
            waiting.append((group, name, values if is_ready else transposer.copy(values)))
            if len(waiting) > transposer.threads:
                _write(transposer, *waiting.popleft())
        while waiting:
            _write(transposer, *waiting.popleft())


def load_all(assignments: Sequence[Assignment]) -> None:
    """Read every dataset of a plan into its weight.

    Compressed or converted datasets are read first, since that may fail. The others are stored plainly, and
    HDF5 has checked the file's length for them: they are read directly into the weights.
    """
    unpacked = {
        place: _unpack(assignment.source)
        for place, assignment in enumerate(assignments)
        if not _is_plain(assignment)
    }
    with _Transposer() as transposer:
        for place, assignment in enumerate(assignments):
            target, dataset = assignment.weight.tensor.detach(), assignment.source.datasets[0]
            if place in unpacked:
                _copy(torch.from_numpy(unpacked[place]), target)
            elif target.device.type == "cpu" and target.is_contiguous() and target.numel():
                dataset.read_direct(target.numpy())
            elif target.numel():
                buffer = transposer.take(target.shape, target.dtype)
                dataset.read_direct(buffer.numpy())
                transposer.copy(buffer, target)
    for assignment in assignments:
        if assignment.weight.adapted is not None:  # the file's kernel contains its adapter
            restart_adapter(assignment.weight.adapted)


def read_array(dataset: h5py.Dataset) -> npt.NDArray[Any]:
    """Return a dataset as an array in this machine's byte order."""
    array = np.asarray(dataset[()])
    return array.astype(array.dtype.newbyteorder("="), copy=False)


class _Transposer:
    """Copying threads and their buffers, which are reused: allocation would cost as much as the copies."""

    def __init__(self) -> None:
        has_affinity = hasattr(os, "sched_getaffinity")
        cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
        self.threads = min(_MOST_THREADS, cores)
        self._pool = ThreadPoolExecutor(self.threads)
        self._free: list[Tensor] = []
        self._running: deque[Future[Tensor]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for future in self._running:
            future.result()

    def take(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Return an uninitialized tensor in C order; wait while all buffers are in use."""
        while len(self._running) > self.threads:
            self.give_back(self._running.popleft().result())
        size = math.prod(shape) * dtype.itemsize
        memory = self._free.pop() if self._free else torch.empty(0, dtype=torch.uint8)
        if size > memory.numel():
            memory = torch.empty(size, dtype=torch.uint8)
        return memory[:size].view(dtype).view(tuple(shape))

    def give_back(self, buffer: Tensor) -> None:
        """Return a buffer to the pool."""
        whole = torch.empty(0, dtype=torch.uint8)
        self._free.append(whole.set_(buffer.untyped_storage()))

    def copy(self, source: Tensor, target: Tensor | None = None) -> Future[Tensor]:
        """Start a copy.

        Args:
            source: The source; a buffer if there is a target.
            target: The target; a buffer by default.

        Returns:
            A future of the buffer.
        """
        if target is None:
            buffer = self.take(source.shape, source.dtype)
            return self._pool.submit(_copy_through, source, buffer, buffer)
        self._running.append(self._pool.submit(_copy_through, source, target, source))
        return self._running[-1]


def _copy_through(source: Tensor, target: Tensor, buffer: Tensor) -> Tensor:
    _copy(source, target)
    return buffer


@torch.no_grad()
def _copy(source: Tensor, target: Tensor) -> None:
    """Copy between a tensor in C order and one whose last axis is its slowest, in either direction."""
    if target.ndim > 1 and not source.is_contiguous():
        source, target = source.movedim(-1, 0), target.movedim(-1, 0)
        if source.is_contiguous():
            # torch's blocked routine requires a target in C order.
            target, source = target.movedim(0, -1).flatten(0, -2), source.flatten(1).t()
    elif target.ndim > 1 and target.movedim(-1, 0).is_contiguous():
        target, source = target.movedim(-1, 0).flatten(1), source.flatten(0, -2).t()
    target.copy_(source)


def _write(
    transposer: _Transposer, group: h5py.Group, name: str, made: Tensor | Future[Tensor]
) -> None:
    if isinstance(made, Tensor):
        group.create_dataset(name, data=made.numpy())
        return
    buffer = made.result()
    group.create_dataset(name, data=buffer.numpy())
    transposer.give_back(buffer)


def _to_cpu(tensor: Tensor) -> Tensor:
    """Return a tensor's values; types that NumPy lacks (bfloat16) become float32."""
    values = tensor.detach().cpu()
    if values.dtype.is_floating_point and values.dtype not in _NUMPY_FLOATS:
        values = values.to(torch.float32)
    return values


def _is_plain(assignment: Assignment) -> bool:
    (dataset, *_), make = assignment.source
    dtype = assignment.weight.tensor.dtype
    if make is not None or dataset.chunks is not None or dtype.is_complex:
        return False
    if dtype.is_floating_point and dtype not in _NUMPY_FLOATS:
        return False
    return bool(dataset.dtype == torch.empty(0, dtype=dtype).numpy().dtype)


def _unpack(source: WeightSource) -> npt.NDArray[Any]:
    arrays = [read_array(dataset) for dataset in source.datasets]
    values = arrays[0] if source.make is None else source.make(*arrays)
    return np.ascontiguousarray(values).reshape(values.shape)
