"""Schedules as schedulers of torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from kplug import optimizers, schedules
from kplug.errors import ContractError
from kplug.schedules.rate_scheduler import RateScheduler


def make_optimizer(name: str = "torch/sgd(lr=0.1)", **settings: Any) -> torch.optim.Optimizer:
    first, second = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    return optimizers.get(name, [{"params": first}, {"params": second, **settings}])


def advance(optimizer: torch.optim.Optimizer, scheduler: Any, steps: int) -> list[list[float]]:
    rates = []
    for _ in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    "name", ["torch/sgd(lr=0.1)", "adam(lr=0.1)", "loss_scale_optimizer(sgd(lr=0.1))"]
)
def test_the_rates_are_those_of_torchs_scheduler(name: str) -> None:
    ours, theirs = make_optimizer(name, lr=0.05), make_optimizer(name, lr=0.05)
    scheduler = schedules.get("exponential_decay(0.1, 1, 0.9)", ours)
    assert isinstance(scheduler, torch.optim.lr_scheduler.LRScheduler)
    expected = advance(theirs, torch.optim.lr_scheduler.ExponentialLR(theirs, 0.9), 4)
    for found, rates in zip(advance(ours, scheduler, 4), expected, strict=True):
        assert found == pytest.approx(rates)
    assert scheduler.get_last_lr() == pytest.approx([0.1 * 0.9**4, 0.05 * 0.9**4])


def test_a_warm_up_begins_at_its_first_rate() -> None:
    optimizer = make_optimizer(lr=0.2)
    warm_up = "cosine_decay(0.0, 10, warmup_target=0.1, warmup_steps=2)"
    rates = advance(optimizer, schedules.get(warm_up, optimizer), 3)
    assert rates == [[0.0, 0.0], pytest.approx([0.05, 0.1]), pytest.approx([0.1, 0.2])]


def test_it_continues_from_a_saved_state() -> None:
    optimizer = make_optimizer(lr=0.05)
    scheduler = schedules.get("cosine_decay(0.1, 10)", optimizer)
    advance(optimizer, scheduler, 3)
    other = make_optimizer(lr=0.05)
    continued = schedules.get("cosine_decay(0.1, 10)", other)
    other.load_state_dict(optimizer.state_dict())
    continued.load_state_dict(scheduler.state_dict())
    assert "schedule" not in scheduler.state_dict()
    assert advance(other, continued, 3) == advance(optimizer, scheduler, 3)


def test_without_an_optimizer_it_is_a_function_of_the_step() -> None:
    assert schedules.get("exponential_decay(0.1, 1, 0.5)")(1) == 0.05


def test_a_plain_function_is_a_schedule() -> None:
    optimizer = make_optimizer()
    rates = advance(optimizer, RateScheduler(optimizer, lambda step: 0.5 / (1 + step)), 2)
    assert rates == [[0.5, 0.5], [0.25, 0.25]]


@pytest.mark.parametrize("name", ["sgd", "loss_scale_optimizer(sgd"])
def test_an_optimizer_with_a_schedule_is_refused(name: str) -> None:
    optimizer = make_optimizer(f"{name}(lr=cosine_decay(0.1, 10)){')' * ('(' in name)}")
    with pytest.raises(ContractError) as caught:
        schedules.get("cosine_decay(0.1, 10)", optimizer)
    assert "follows a schedule already, which sets its rate at each step" in str(caught.value)
    assert caught.value.hint == "Make it with a number as lr, or leave the scheduler out."


def test_rates_without_a_proportion_are_refused() -> None:
    with pytest.raises(ContractError, match="have no proportion to the first one, 0"):
        schedules.get("cosine_decay(0.1, 10)", make_optimizer("sgd(lr=0.0)", lr=0.1))
