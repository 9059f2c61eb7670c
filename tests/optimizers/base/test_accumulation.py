"""Gradients that are collected over several steps."""

from __future__ import annotations

import torch

from kplug import optimizers


def make_parameter(*values: float) -> torch.nn.Parameter:
    parameter = torch.nn.Parameter(torch.tensor(values or (1.0,), dtype=torch.float64))
    parameter.grad = torch.ones_like(parameter)
    return parameter


def step_with(optimizer: optimizers.Optimizer, parameter: torch.Tensor, gradient: float) -> float:
    parameter.grad = torch.full_like(parameter, gradient)
    optimizer.step()
    return parameter.item()


def test_accumulation_waits_and_takes_the_mean() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, gradient_accumulation_steps=3).build([parameter])
    found = [step_with(optimizer, parameter, gradient) for gradient in (1.0, 2.0, 6.0, 3.0)]
    assert found == [0.0, 0.0, -3.0, -3.0]
    assert optimizer.iterations == 1
