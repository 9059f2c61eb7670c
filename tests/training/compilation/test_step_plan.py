"""The numbers of planned steps: as a tensor, and split into those of each step."""

from __future__ import annotations

import torch

from kplug.training.compilation.step_plan import StepPlan

CPU = torch.device("cpu")


def test_numbers_become_doubles_without_loss() -> None:
    tensor = StepPlan([0.1, 1e-300, 3.0], (), [None], [3]).as_tensor(CPU)
    assert tensor.dtype is torch.float64
    assert tensor.tolist() == [0.1, 1e-300, 3.0]


def test_a_plan_without_numbers_is_an_empty_tensor() -> None:
    plan = StepPlan([], (), [None, None], [0, 0])
    assert plan.as_tensor(CPU).shape == (0,)
    assert plan.split([]) == [[], []]


def test_each_step_gets_the_numbers_up_to_its_end() -> None:
    plan = StepPlan([1.0, 2.0, 3.0], (), [None] * 3, [2, 2, 3])
    shares = plan.split(plan.as_tensor(CPU).unbind())
    assert [[each.item() for each in share] for share in shares] == [[1.0, 2.0], [], [3.0]]
