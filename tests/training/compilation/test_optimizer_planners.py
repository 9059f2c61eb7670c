"""Which optimizers have a form for graphs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import optimizers
from kplug.training.compilation.optimizer_planners import find_planner


class OtherUpdate(optimizers.Adam):
    def _update(self, iteration: int) -> None:
        super()._update(iteration)


class OtherRate(optimizers.RMSprop):
    def _plan(self, group: dict[str, Any], step: int) -> Any:
        return super()._plan(group, step)


@pytest.mark.parametrize(
    ("optimizer", "has_planner"),
    [
        (optimizers.Adam(), True),
        (OtherRate(), True),
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


def test_hooks_keep_an_optimizer_eager() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    assert find_planner(optimizer) is not None
    optimizer.register_step_pre_hook(lambda *_: None)
    assert find_planner(optimizer) is None
