"""Gradients that are collected over several steps."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import optimizers
from tests.optimizers.small_training import make_parameter, step_with


def test_accumulation_waits_and_takes_the_mean() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, gradient_accumulation_steps=3).build([parameter])
    found = [step_with(optimizer, parameter, gradient) for gradient in (1.0, 2.0, 6.0, 3.0)]
    assert found == [0.0, 0.0, -3.0, -3.0]
    assert optimizer.iterations == 1


@pytest.mark.parametrize("make", [float, torch.tensor])
def test_gradients_count_by_their_weights(make: Any) -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, gradient_accumulation_steps=2).build([parameter])
    for gradient, weight in ((1.0, 3.0), (5.0, 1.0), (4.0, 2.0), (1.0, 1.0)):
        optimizer.weigh(make(weight))
        step_with(optimizer, parameter, gradient)
    assert parameter.item() == -(1.0 * 3 + 5.0) / 4 - (4.0 * 2 + 1.0) / 3


def test_a_weight_is_that_of_one_step() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, gradient_accumulation_steps=2).build([parameter])
    optimizer.weigh(3.0)
    found = [step_with(optimizer, parameter, gradient) for gradient in (1.0, 5.0)]
    assert found == [0.0, -2.0]


def test_the_mean_of_steps_takes_no_weights() -> None:
    parameter = make_parameter(0.0)
    keywords: Any = {"gradient_accumulation_steps": 2, "gradient_accumulation_mean": "steps"}
    optimizer = optimizers.SGD(lr=1.0, **keywords).build([parameter])
    assert optimizer.gradient_accumulation_mean == "steps"
    for gradient, weight in ((1.0, 3.0), (5.0, 1.0)):
        optimizer.weigh(weight)
        step_with(optimizer, parameter, gradient)
    assert parameter.item() == -3.0
    assert optimizers.SGD.from_config(optimizer.get_config()).get_config() == optimizer.get_config()


def test_sums_of_a_file_without_weights_count_like_the_next_gradient() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, gradient_accumulation_steps=3).build([parameter])
    step_with(optimizer, parameter, 1.0)
    state = optimizer.state_dict()
    del state["state"][0]["accumulated_weight"]
    optimizer.load_state_dict(state)
    for gradient in (2.0, 6.0):
        optimizer.weigh(8.0)
        step_with(optimizer, parameter, gradient)
    assert parameter.item() == -3.0


def test_parts_of_an_optimizer_accumulate_in_their_own_numbers_of_steps() -> None:
    first, second = make_parameter(0.0), make_parameter(0.0)
    inside: dict[int, Any] = {
        id(parameter): optimizers.SGD(lr=1.0, gradient_accumulation_steps=steps)
        for parameter, steps in ((first, 2), (second, 3))
    }
    optimizer = optimizers.MultiOptimizer(lambda parameter: inside[id(parameter)])
    optimizer = optimizer.build([first, second])
    for gradient in (1.0, 5.0, 3.0, 9.0, 4.0, 6.0):
        optimizer.weigh(2.0)
        first.grad = second.grad = torch.full_like(first, gradient)
        optimizer.step()
    assert first.item() == -(3.0 + 6.0 + 5.0)
    assert second.item() == pytest.approx(-(9.0 + 19.0) / 3)
