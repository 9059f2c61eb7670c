"""The numbers of planned steps as tensors."""

from __future__ import annotations

import torch

from kplug.training.jit.step_plan import StepPlan, as_tensors

CPU = torch.device("cpu")


def test_numbers_become_doubles_without_loss() -> None:
    (tensor,) = as_tensors([StepPlan([0.1, 1e-300, 3.0], (), None)], CPU)
    assert tensor.dtype is torch.float64
    assert tensor.tolist() == [0.1, 1e-300, 3.0]


def test_a_plan_without_numbers_is_an_empty_tensor() -> None:
    (tensor,) = as_tensors([StepPlan([], (), None)], CPU)
    assert tensor.shape == (0,)


def test_each_step_gets_its_own_numbers() -> None:
    plans = [StepPlan(numbers, (), None) for numbers in ([1.0, 2.0], [], [3.0])]
    assert [each.tolist() for each in as_tensors(plans, CPU)] == [[1.0, 2.0], [], [3.0]]
