"""Which optimizers have a form for graphs, and that it does what a step does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug import optimizers
from kplug.errors import EagerStepWarning
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.registry import resolve
from kplug.training.jit.optimizer_planners import find_planner
from kplug.training.jit.tensor_scalars import TensorScalars


class OtherUpdate(optimizers.Adam):
    def _update(self, iteration: int) -> None:
        super()._update(iteration)


class OtherRate(optimizers.RMSprop):
    def _plan(self, group: dict[str, Any], step: int) -> Any:
        return super()._plan(group, step)


class PlansTensors(optimizers.RMSprop):
    def _plan(self, group: dict[str, Any], step: int) -> Any:
        rate, *others = super()._plan(group, step)
        return (torch.tensor(rate), *others)


class PlansByName(OtherUpdate):
    """A rule whose plan is a dict."""

    _update = optimizers.Adam._update

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        return {"plan": super()._plan(group, step)}

    def _update_group(self, group: dict[str, Any], plan: Any, parameters: list[Tensor]) -> None:
        super()._update_group(group, plan["plan"], parameters)


@pytest.mark.parametrize(
    ("optimizer", "has_planner"),
    [
        (optimizers.Adam(), True),
        (OtherRate(), True),
        (PlansByName(), True),
        (PlansTensors(), False),
        (OtherUpdate(), False),
        (optimizers.LossScaleOptimizer(OtherUpdate()), False),
        (optimizers.LossScaleOptimizer("sgd"), True),
    ],
)
def test_a_rule_that_was_changed_without_its_list_form_is_not_compiled(
    optimizer: optimizers.Optimizer, has_planner: bool
) -> None:
    optimizer.build([torch.nn.Parameter(torch.ones(2))])
    assert (find_planner(optimizer) is not None) is has_planner


class WithoutRate(torch.optim.Optimizer):
    def __init__(self, params: Any) -> None:
        super().__init__(params, {})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for weight in self.param_groups[0]["params"]:
            weight.sub_(weight.grad, alpha=0.5)


class HalvesItsRate(torch.optim.SGD):
    def step(self, closure: Any = None) -> Any:
        super().step(closure)
        for group in self.param_groups:
            group["lr"] = 0.5 ** len(self.state)


@pytest.mark.parametrize("kind", [WithoutRate, HalvesItsRate])
def test_torchs_optimizers_that_set_their_own_rate_run_eagerly(kind: Any) -> None:
    x = torch.linspace(-1.0, 1.0, 24).reshape(12, 2)
    losses = []
    for jit in (False, True):
        model = Sequential([Dense(1, input_dim=2, kernel_initializer="ones")])
        model.compile(kind, "mse", jit_compile=jit)
        with pytest.warns(EagerStepWarning) if jit else nullcontext():
            history = model.fit(x, x[:, :1], batch_size=2, epochs=2, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_hooks_keep_an_optimizer_eager() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    assert find_planner(optimizer) is not None
    optimizer.register_step_pre_hook(lambda *_: None)
    assert find_planner(optimizer) is None


def plan_steps(optimizer: optimizers.Optimizer) -> Callable[[], None]:
    """Return a step as a graph makes it: numbers as tensors, the rule as list operations."""
    planner = find_planner(optimizer)
    assert planner is not None

    def step() -> None:
        numbers: list[float] = []
        _, structure = planner.plan(numbers)
        with torch.no_grad(), TensorScalars():
            planner.apply(structure, iter(torch.tensor(numbers, dtype=torch.float64).unbind()))

    return step


def descend(
    spec: str, make_step: Callable[[optimizers.Optimizer], Callable[[], None]]
) -> list[list[float]]:
    """Return two weights after steps of which one leaves the second weight out, at another rate."""
    weights = [torch.nn.Parameter(torch.tensor([1.0])) for _ in range(2)]
    optimizer = resolve("optimizer", spec).object.build(weights)
    step = make_step(optimizer)
    path = []
    for rate, moves in ((0.5, True), (0.5, True), (0.25, False), (0.25, True)):
        optimizer.lr = rate
        weights[0].grad = torch.tensor([0.5])
        weights[1].grad = torch.tensor([0.5]) if moves else None
        step()
        path.append([weight.item() for weight in weights])
    return path


@pytest.mark.parametrize("spec", ["sgd(momentum=0.5)", "sgd(momentum=0.5, nesterov=True)", "adam"])
def test_a_weight_that_rests_while_the_rate_changes(spec: str) -> None:
    eager = descend(spec, lambda optimizer: optimizer.step)
    planned = descend(spec, plan_steps)
    assert planned == [pytest.approx(weights, rel=1e-6, abs=1e-6) for weights in eager]


def step_eagerly(optimizer: optimizers.Optimizer) -> Callable[[], None]:
    return optimizer.step


@pytest.mark.parametrize("make_step", [step_eagerly, plan_steps])
def test_the_parts_of_a_step_follow_each_other(
    make_step: Callable[[optimizers.Optimizer], Callable[[], None]],
) -> None:
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = optimizers.SGD(
        lr=0.5,
        decay=1.0,
        weight_decay=0.5,
        clipvalue=1.0,
        loss_scale_factor=4.0,
        gradient_accumulation_steps=2,
        use_ema=True,
        ema_momentum=0.5,
    ).build([weight])
    step = make_step(optimizer)
    # The second step updates at rate 0.5 / (1 + 1 · 1) = 0.25, from the mean of 8/4 and 24/4, clipped to 1.
    expected = 2.0 * (1.0 - 0.25 * 0.5) - 0.25 * 1.0
    path = []
    for gradient in (8.0, 24.0):
        weight.grad = torch.tensor([gradient])
        step()
        path.append((weight.item(), optimizer.state[weight]["average"].item()))
    assert path == [(2.0, 2.0), (expected, expected)]
    assert optimizer.lr == 0.5


@pytest.mark.parametrize("spec", ["sgd(gradient_accumulation_steps=2)", "adam(use_ema=True)"])
def test_a_planned_step_leaves_the_state_of_an_eager_one(spec: str) -> None:
    states = []
    for make_step in (step_eagerly, plan_steps):
        moving, resting = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
        optimizer = resolve("optimizer", spec).object.build([moving, resting])
        moving.grad = torch.ones(2)
        make_step(optimizer)()
        states.append({key: sorted(held) for key, held in optimizer.state_dict()["state"].items()})
    assert states[0] == states[1]
