"""A compiled run gives what an eager one gives with every optimizer, over more than 50 steps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from kplug.builtins.optimizers import kplug_optimizers
from kplug.layers import Dense, Input
from kplug.models import Sequential
from kplug.optimizers import MultiOptimizer, OptimizerMap

Compare = Callable[..., None]

OPTIMIZERS = [
    "sgd(lr=0.05)",
    "sgd(lr=0.05, momentum=0.9)",
    "sgd(lr=0.05, momentum=0.9, nesterov=True, decay=0.01)",
    "rmsprop",
    "adagrad(decay=0.01)",
    "adadelta",
    "adam",
    "adam(amsgrad=True, decay=0.01)",
    "adamax",
    "nadam",
    "adamw(weight_decay=0.1)",
    "lion(lr=0.001)",
    "lamb",
    "ftrl(lr=0.1, beta=0.1)",
    "adafactor",
    "muon",
    "schedule_free_adamw(warmup_steps=20)",
    "loss_scale_optimizer('adam', initial_scale=64.0, dynamic_growth_steps=5)",
    "adam(clipnorm=0.1)",
    "sgd(lr=0.05, clipvalue=0.01)",
    "sgd(lr=0.05, global_clipnorm=0.1)",
    "adam(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7)",
    "adam(gradient_accumulation_steps=4)",
    "adam(loss_scale_factor=8.0, weight_decay=0.01)",
    "rmsprop(lr='exponential_decay(0.01, 5, 0.9)')",
    "torch/adamw(lr=0.01)",
    "torch/sgd(lr=0.05, momentum=0.9)",
    "torch/rmsprop(lr=0.01)",
    "torch/adagrad(lr=0.05)",
]
_TESTED = {each.partition("(")[0] for each in OPTIMIZERS} | {"multi_optimizer"}

assert set(kplug_optimizers()) <= _TESTED, "a built-in optimizer is not tried"


def make_model() -> Sequential:
    torch.manual_seed(0)
    model = Sequential([Input((6,)), Dense(8, activation="tanh"), Dense(4, use_bias=False)])
    model.ensure_built()
    return model


@pytest.fixture
def compare(compare_runs: Compare) -> Compare:
    """Return a function of what makes an optimizer."""
    torch.manual_seed(1)
    x, y = torch.randn(96, 6), torch.randn(96, 4)
    return lambda optimizer: compare_runs(make_model, x, y, loss="mse", optimizer=optimizer)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer: str, compare: Compare) -> None:
    compare(lambda: optimizer)


def test_several_optimizers(compare: Compare) -> None:
    def make() -> MultiOptimizer:
        return MultiOptimizer(OptimizerMap("sgd(lr=0.05, momentum=0.5)", {".*bias": "adam"}))

    compare(make)


def test_steps_with_infinite_gradients_are_undone(compare: Compare) -> None:
    compare(lambda: "loss_scale_optimizer('sgd(momentum=0.9)', initial_scale=1e38)")


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "sgd(momentum=0.9)", "adafactor", "nadam"])
@pytest.mark.usefixtures("inductor")
def test_optimizers_by_torchs_compiler(optimizer: str, compare: Compare) -> None:
    compare(lambda: optimizer)
