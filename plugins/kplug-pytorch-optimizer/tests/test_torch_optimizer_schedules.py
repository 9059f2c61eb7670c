"""Schedules: step k has the rate that the scheduler sets after k steps."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import pytest
import pytorch_optimizer
import torch
from kplug_pytorch_optimizer.adapted import SCHEDULES

import kplug
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.registry import REGISTRY, get_kind

TORCH = torch.optim.lr_scheduler
CASES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "chebyshev_schedule": (pytorch_optimizer.get_chebyshev_schedule, {"num_epochs": 8}, {}),
    "constant_lr": (TORCH.ConstantLR, {"factor": 0.5, "total_iters": 3}, {}),
    "cosine_annealing_lr": (TORCH.CosineAnnealingLR, {"T_max": 5}, {}),
    "cosine_annealing_warm_restarts": (TORCH.CosineAnnealingWarmRestarts, {"T_0": 4}, {}),
    "cosine_annealing_warmup_restarts": (
        pytorch_optimizer.CosineAnnealingWarmupRestarts,
        {"first_cycle_steps": 6, "warmup_steps": 2},
        {},
    ),
    "cosine_scheduler": (
        pytorch_optimizer.CosineScheduler,
        {"t_max": 10, "max_lr": 0.1, "warmup_steps": 3},
        {},
    ),
    "cyclic_lr": (
        TORCH.CyclicLR,
        {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 3},
        {"cycle_momentum": False},
    ),
    "linear_scheduler": (
        pytorch_optimizer.LinearScheduler,
        {"t_max": 10, "max_lr": 0.1, "init_lr": 0.01, "warmup_steps": 2},
        {},
    ),
    "multi_step_lr": (TORCH.MultiStepLR, {"milestones": [2, 4]}, {}),
    "one_cycle_lr": (
        TORCH.OneCycleLR,
        {"max_lr": 0.1, "total_steps": 12},
        {"cycle_momentum": False},
    ),
    "poly_scheduler": (pytorch_optimizer.PolyScheduler, {"t_max": 10, "max_lr": 0.1}, {}),
    "rex_scheduler": (pytorch_optimizer.REXScheduler, {"total_steps": 8}, {}),
    "step_lr": (TORCH.StepLR, {"step_size": 2}, {}),
    "wsd_schedule": (
        pytorch_optimizer.get_wsd_schedule,
        {"num_warmup_steps": 2, "num_stable_steps": 3, "num_decay_steps": 4},
        {},
    ),
}


def list_rates(name: str) -> list[float]:
    """Return the rates of a loop that is written with the scheduler itself."""
    scheduler_class, arguments, hidden = CASES[name]
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.001)
    scheduler = scheduler_class(optimizer, **arguments, **hidden)
    rates = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return [float(rate) for rate in rates]


def make(name: str) -> Any:
    return kplug.resolve("schedule", {"name": name, "args": CASES[name][1]}).object


def test_every_schedule_has_a_case() -> None:
    assert CASES.keys() == SCHEDULES.keys()


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_listed_with_a_summary(name: str) -> None:
    component = REGISTRY.index(get_kind("schedule")).find_qualified("kplug-pytorch-optimizer", name)
    assert component is not None
    assert re.fullmatch(r"[A-Z].{15,79}\.", REGISTRY.summarize(component))


@pytest.mark.parametrize("name", CASES)
def test_the_rates_are_those_of_the_scheduler(name: str) -> None:
    schedule = make(name)
    assert [schedule(step) for step in range(10)] == pytest.approx(list_rates(name))
    assert schedule(3) == pytest.approx(list_rates(name)[3])  # whatever was asked before


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_can_be_copied_pickled_and_made_again(name: str) -> None:
    schedule = make(name)
    copies = [
        copy.deepcopy(schedule),
        pickle.loads(pickle.dumps(schedule)),
        type(schedule).from_config(schedule.get_config()),
    ]
    assert [each(5) for each in copies] == [schedule(5)] * 3


def test_an_optimizer_takes_one_by_name() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("adam(lr=rex_scheduler(total_steps=4, max_lr=0.1))", "mse")
    model.fit(torch.ones(2, 2), torch.ones(2, 1), batch_size=1, verbose=0)
    assert float(model.optimizer.lr) == pytest.approx(0.1 * 0.5 / 0.75)


def test_a_misspelt_argument_is_named() -> None:
    with pytest.raises(kplug.KplugError, match="Did you mean 'step_size'"):
        kplug.resolve("schedule", "step_lr(step_siz=2)")
