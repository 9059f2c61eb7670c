"""Merges an epoch's losses and metrics over all processes."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from kplug.metrics import Metric
from kplug.training.distribution.world import World
from kplug.training.reports.returned_logs import ReturnedLogs
from kplug.training.reports.running_loss import RunningLoss


def merge_progress(
    record: RunningLoss | ReturnedLogs, metrics: Sequence[Metric], world: World
) -> None:
    """Merge the losses and metrics of an epoch over all processes."""
    if isinstance(record, ReturnedLogs):
        return
    record.merge(world.gather(record.sums()))
    if metrics:
        _merge_metrics(metrics, world)


def _merge_metrics(metrics: Sequence[Metric], world: World) -> None:
    states = world.gather([_read_state(metric) for metric in metrics])
    for place, metric in enumerate(metrics):
        others = [
            _with_state(metric, state[place])
            for rank, state in enumerate(states)
            if rank != world.rank
        ]
        metric.merge_state(others)


def _read_state(metric: Metric) -> list[Tensor]:
    return [variable.detach().cpu() for variable in metric.variables]


def _with_state(metric: Metric, state: list[Tensor]) -> Metric:
    other = copy.deepcopy(metric)
    with torch.no_grad():
        for variable, value in zip(other.variables, state, strict=True):
            variable.copy_(value)
    return other


def agree(flag: bool, world: World | None) -> bool:
    """Return whether a flag is set in any process."""
    return flag if world is None else any(world.gather(flag))
