"""Losses and metrics of two processes, which are threads here, become those of all samples."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, TypeVar

import pytest
import torch

from kplug.metrics import Mean
from kplug.training.distribution.merged_logs import agree, merge_progress
from kplug.training.distribution.world import World
from kplug.training.reports.running_loss import RunningLoss

Result = TypeVar("Result")


@dataclass(frozen=True)
class Threads(World):
    """Threads that exchange values through a list, as copies like those of processes."""

    barrier: Barrier
    box: list[Any]

    def gather(self, value: Any) -> list[Any]:
        self.box[self.rank] = pickle.dumps(value)
        self.barrier.wait()
        gathered = [pickle.loads(each) for each in self.box]
        self.barrier.wait()
        return gathered


def run_in_each(function: Callable[[World], Result], size: int = 2) -> list[Result]:
    barrier, box = Barrier(size, timeout=300), [None] * size
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(function, [Threads(rank, size, barrier, box) for rank in range(size)]))


def test_losses_are_averaged_over_the_samples_of_all_processes() -> None:
    def train(world: World) -> list[float]:
        record = RunningLoss()
        record.add(torch.tensor([(2.0, 4.0)[world.rank], 1.0]), (3, 1)[world.rank])
        merge_progress(record, [], world)
        return record.read()

    assert run_in_each(train) == [[2.5, 1.0]] * 2  # (3 · 2 + 1 · 4) / 4


def test_the_first_bad_step_is_that_of_any_process() -> None:
    def train(world: World) -> int | None:
        record = RunningLoss()
        for loss in ((1.0, 1.0, 1.0), (1.0, 1.0, float("nan")))[world.rank]:
            record.add(torch.tensor(loss), 1)
        merge_progress(record, [], world)
        return record.first_bad_step

    assert run_in_each(train) == [2, 2]


def test_each_metric_sees_the_values_of_all_processes_once() -> None:
    def train(world: World) -> list[float]:
        metrics = [Mean(), Mean()]
        metrics[0].update_state(torch.tensor(([1.0, 2.0, 3.0], [10.0])[world.rank]))
        metrics[1].update_state(torch.tensor(([5.0], [7.0])[world.rank]))
        merge_progress(RunningLoss(), metrics, world)
        return [float(metric.result()) for metric in metrics]

    assert run_in_each(train) == [[4.0, 6.0]] * 2


@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True), (True, True)])
def test_a_flag_of_one_process_is_set_for_all(flags: tuple[bool, bool]) -> None:
    assert run_in_each(lambda world: agree(flags[world.rank], world)) == [flags[0] or flags[1]] * 2
    assert agree(flags[0], None) is flags[0]
