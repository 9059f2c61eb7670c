"""Reads losses and metrics from the device, as the logs of a batch or an epoch."""

from __future__ import annotations

import weakref
from collections import UserDict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from kplug.support.nested import find_leaves, map_leaves
from kplug.training.compiled import Compiled
from kplug.training.metric_lists import find_attribute_metrics, merge_results
from kplug.training.model_protocol import TrainableModel
from kplug.training.reports.returned_logs import ReturnedLogs
from kplug.training.reports.running_loss import RunningLoss


def reset_metrics(model: TrainableModel) -> None:
    """Reset the state of every metric."""
    for metric in model.metrics:
        metric.reset_state()


def read_logs(
    model: TrainableModel, compiled: Compiled, loss: RunningLoss | ReturnedLogs | None
) -> dict[str, Any]:
    """Return losses and metrics so far, in the order in which ``evaluate`` returns them.

    ``Compiled`` states order and names. A metric with a value for each class or
    threshold has a list, and one whose result is a dict has a log for each key. Metrics in attributes of the
    model and its layers come last.
    """
    if isinstance(loss, ReturnedLogs):
        values = read_results(loss.logs.values())
        return dict(zip(loss.logs, values, strict=True))
    losses = [] if loss is None else loss.read()
    logs: dict[str, Any] = dict(zip(["loss"], losses, strict=False))
    logs |= compiled.name_losses(losses[1:])
    entries = compiled.logged_metrics
    values = read_results(entry.metric.result() for entry in entries)
    for entry, value in zip(entries, values, strict=True):
        if not isinstance(value, dict):
            value = {entry.name: value}
        for name, item in value.items():
            logs[f"{entry.name}_{name}" if name in logs else name] = item
    others = merge_results(find_attribute_metrics(model))
    return logs | dict(zip(others, read_results(others.values()), strict=True))


class BatchLogs(UserDict[str, Any]):
    """Logs that are read from the device on first access.

    Example:
        >>> logs = BatchLogs(lambda: {"loss": 0.5})
        >>> logs["loss"]
        0.5
    """

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        self._read = read  # no super().__init__(): UserDict would create the dict

    @cached_property
    def data(self) -> dict[str, Any]:  # type: ignore[override]  # it can be set, as UserDict's
        """The logs at the time of the first access."""
        return self._read()

    def __bool__(self) -> bool:
        return True  # `logs or {}` must not make the device wait


def read_results(results: Iterable[Any]) -> list[Any]:
    """Return results of metrics as Python values, in one transfer.

    A 0-d tensor becomes a number, one of higher rank a list, and a dict or sequence of tensors a dict
    or list of these.

    Example:
        >>> read_results([torch.tensor(0.5), torch.tensor([1.0, 2.0])])
        [0.5, [1.0, 2.0]]
    """
    results = list(results)
    tensors = list(find_leaves(results, Tensor))
    if not tensors:
        return results
    flat = torch.cat([tensor.detach().to(torch.float64).reshape(-1) for tensor in tensors]).cpu()
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    shaped = zip(parts, tensors, strict=True)
    values = iter([part.reshape(tensor.shape).tolist() for part, tensor in shaped])
    found: list[Any] = map_leaves(results, Tensor, lambda _: next(values))
    return found


def call_with_logs(
    hooks: Sequence[Callable[..., Any]], batch: int, read: Callable[[], dict[str, float]]
) -> None:
    """Call the hooks of one step with logs that are read only if a hook accesses them."""
    logs = BatchLogs(read)
    for hook in hooks:
        hook(batch, logs)
    # If a callback kept the logs, read them now: the sums are about to change.
    find_kept = weakref.ref(logs)
    del logs
    kept = find_kept()
    if kept is not None:
        _ = kept.data
