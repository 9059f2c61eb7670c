"""Losses and metrics of an epoch, kept on the device until somebody asks."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

# Scalars that are kept one by one before they are packed into one tensor; bounds the memory of an
# epoch of a million steps without a device call at every step.
_PENDING = 256


class Sums(NamedTuple):
    """What a ``RunningLoss`` holds: Σ weight · loss for each loss, Σ weight, the first bad step."""

    totals: tuple[float, ...]
    weight: float
    first_bad_step: int | None


class RunningLoss:
    """The mean losses so far, each step weighted by the number of its samples.

    Adding a step appends a tensor that stays on its device; reading moves all new steps at once.
    """

    def __init__(self) -> None:
        self._pending: list[Tensor] = []
        self._packed: list[Tensor] = []
        self._sizes: list[float] = []
        self._totals: list[float] = []
        self._count, self._steps = 0.0, 0
        self.first_bad_step: int | None = None

    def add(self, loss: Tensor, size: float) -> None:
        """Note the loss of one step over ``size`` samples, without gradient.

        Args:
            loss: The total, shape (); or the total and what else is to be averaged, shape (k,).
            size: What the step counts beside the others: its number of samples.
        """
        self._pending.append(loss)
        self._sizes.append(size)
        if len(self._pending) == _PENDING:
            self._pack()

    def _pack(self) -> None:
        if self._pending:
            self._packed.append(torch.stack(self._pending))
            self._pending = []

    def read(self) -> list[float]:
        """Return the means so far, that of the total first, waiting for the device.

        Before the first step that is one NaN.
        """
        self._pack()
        if self._packed:
            losses = torch.cat(self._packed)
            self._consume(losses.reshape(len(losses), -1).cpu().double())
            self._packed = []
        return [total / self._count for total in self._totals] if self._count else [math.nan]

    def sums(self) -> Sums:
        """Return what has been added so far, for ``merge`` in another process."""
        self.read()
        return Sums(tuple(self._totals), self._count, self.first_bad_step)

    def merge(self, parts: Sequence[Sums]) -> None:
        """Hold what several records have added together; ``parts`` has this one's own too."""
        columns = zip(*(part.totals for part in parts if part.totals), strict=True)
        self._totals = [math.fsum(column) for column in columns]
        self._count = math.fsum(part.weight for part in parts)
        bad = [part.first_bad_step for part in parts if part.first_bad_step is not None]
        self.first_bad_step = min(bad, default=None)

    def _consume(self, losses: Tensor) -> None:
        """Add steps up: in float64, on the CPU, (steps, k)."""
        sizes = torch.tensor(self._sizes, dtype=torch.float64)
        totals = (sizes @ losses).tolist()
        if self.first_bad_step is None:
            is_bad = ~losses[:, 0].isfinite()
            if is_bad.any():
                self.first_bad_step = self._steps + int(is_bad.int().argmax())
        self._totals = [
            a + b for a, b in zip(self._totals or [0.0] * len(totals), totals, strict=True)
        ]
        self._count += math.fsum(self._sizes)
        self._steps += len(self._sizes)
        self._sizes = []


class BatchLogs(MutableMapping[str, Any]):
    """Logs that are read from the device when first looked at.

    Args:
        read: Returns the logs of this moment.

    Example:
        >>> logs = BatchLogs(lambda: {"loss": 0.5})
        >>> logs["loss"]
        0.5
    """

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        self._read = read
        self._values: dict[str, Any] | None = None

    def load(self) -> dict[str, Any]:
        """Read now, unless that was done before, and return the logs."""
        if self._values is None:
            self._values = self._read()
        return self._values

    def __getitem__(self, name: str) -> Any:
        return self.load()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.load()[name] = value

    def __delitem__(self, name: str) -> None:
        del self.load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.load())

    def __len__(self) -> int:
        return len(self.load())

    def __bool__(self) -> bool:
        return True  # `logs or {}` must not make the device wait

    def __repr__(self) -> str:
        return repr(self.load())


def read_results(results: Iterable[Any]) -> list[Any]:
    """Return results of metrics as Python values, in one transfer.

    A 0-d tensor becomes a number, one of higher rank a list, and a dict or sequence of tensors a dict
    or list of these.

    Example:
        >>> read_results([torch.tensor(0.5), torch.tensor([1.0, 2.0])])
        [0.5, [1.0, 2.0]]
    """
    tensors: list[Tensor] = []
    skeletons = [_take_apart(result, tensors) for result in results]
    if not tensors:
        return skeletons
    shapes = [tensor.shape for tensor in tensors]
    flat = torch.cat([tensor.detach().to(torch.float64).reshape(-1) for tensor in tensors]).cpu()
    parts = torch.split(flat, [shape.numel() for shape in shapes])
    values = [part.reshape(shape).tolist() for part, shape in zip(parts, shapes, strict=True)]
    return [_put_together(skeleton, values) for skeleton in skeletons]


class _Place(int):
    """The index of a value that is still on its device."""


def _take_apart(result: Any, tensors: list[Tensor]) -> Any:
    if isinstance(result, Tensor):
        tensors.append(result)
        return _Place(len(tensors) - 1)
    if isinstance(result, Mapping):
        return {key: _take_apart(value, tensors) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [_take_apart(value, tensors) for value in result]
    return result


def _put_together(skeleton: Any, values: list[Any]) -> Any:
    if isinstance(skeleton, _Place):
        return values[skeleton]
    if isinstance(skeleton, dict):
        return {key: _put_together(value, values) for key, value in skeleton.items()}
    if isinstance(skeleton, list):
        return [_put_together(value, values) for value in skeleton]
    return skeleton


def call_with_logs(
    hooks: Sequence[Callable[..., Any]], batch: int, read: Callable[[], dict[str, float]]
) -> None:
    """Call the hooks of one step with logs that are read only if one of them looks."""
    logs = BatchLogs(read)
    for hook in hooks:
        hook(batch, logs)
    # If a callback kept the logs, read them now: the sums are about to move on.
    find_kept = weakref.ref(logs)
    del logs
    kept = find_kept()
    if kept is not None:
        kept.load()
