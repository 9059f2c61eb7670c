"""Mean losses that stay on the device until they are read."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.training.reports.running_loss import RunningLoss


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(1, 64)), min_size=1, max_size=600))
@settings(max_examples=25, deadline=None)
def test_the_mean_is_weighted_by_batch_sizes(steps: list[tuple[float, int]]) -> None:
    record = RunningLoss()
    for loss, size in steps:
        record.add(torch.tensor(loss), size)
    losses, sizes = np.array([loss for loss, _ in steps], "float32"), [size for _, size in steps]
    assert record.read() == [
        pytest.approx(np.average(losses.astype(float), weights=sizes), abs=1e-9)
    ]


def test_reading_in_between_changes_nothing() -> None:
    record = RunningLoss()
    record.add(torch.tensor(1.0), 2)
    assert record.read() == [1.0]
    record.add(torch.tensor(4.0), 1)
    assert record.read() == record.read() == [2.0]


def test_before_the_first_step_the_mean_is_nan() -> None:
    assert math.isnan(RunningLoss().read()[0])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("position", [0, 3, 300])
def test_the_first_bad_step_is_remembered(bad: float, position: int) -> None:
    record = RunningLoss()
    for step in range(400):
        record.add(torch.tensor(bad if step in (position, position + 5) else 1.0), 1)
        if step % 100 == 0:
            record.read()
    record.read()
    assert record.first_bad_step == position


def test_several_losses_are_averaged_side_by_side() -> None:
    record = RunningLoss()
    record.add(torch.tensor([3.0, 1.0, math.nan]), 2)
    record.add(torch.tensor([6.0, 4.0, 1.0]), 1)
    total, one, other = record.read()
    assert (total, one) == (4.0, 2.0)
    assert math.isnan(other)
    assert record.first_bad_step is None  # the total counts


def test_the_sum_does_not_depend_on_how_often_it_is_read_or_taken_up() -> None:
    losses = torch.rand(700, generator=torch.Generator().manual_seed(0)) * 1e3
    whole = RunningLoss()
    for loss in losses:
        whole.add(loss, 7)
    record = RunningLoss()
    for step, loss in enumerate(losses):
        if step % 11 == 0:
            state, record = record.state(), RunningLoss()
            record.restore(state)
        record.add(loss, 7)
    assert record.read() == whole.read()
    assert record.state() == whole.state()


def test_a_record_that_is_taken_up_remembers_the_first_bad_step() -> None:
    first, second = RunningLoss(), RunningLoss()
    for loss in (1.0, math.nan):
        first.add(torch.tensor(loss), 1)
    second.restore(first.state())
    second.add(torch.tensor(math.nan), 1)
    assert second.sums().first_bad_step == 1
    third = RunningLoss()
    third.restore({"totals": (1.0,), "weight": 1.0, "first_bad_step": None, "steps": 3})
    third.add(torch.tensor(math.inf), 1)
    assert third.sums().first_bad_step == 3
