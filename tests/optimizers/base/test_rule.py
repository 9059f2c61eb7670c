"""Optimizers that write their own rule: state, groups, and what the rule is given."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from typing_extensions import Unpack

from kplug.optimizers import CommonArguments, RuleOptimizer, takes_common
from kplug.optimizers.base.rule import gather_alike


class Sums(RuleOptimizer):
    """Steps along the sum of all gradients so far, divided by the number of the step."""

    slots = ("total",)

    @takes_common
    def __init__(self, lr: float = 1.0, **common: Unpack[CommonArguments]) -> None:
        self._start(lr, common)

    def _plan(self, group: dict[str, Any], step: int) -> float:
        return -float(group["lr"]) / step

    def _move(
        self, plan: float, parameters: list[Tensor], gradients: list[Tensor], *state: list[Tensor]
    ) -> None:
        torch._foreach_add_(state[0], gradients)
        torch._foreach_add_(parameters, state[0], alpha=plan)


def test_state_starts_at_zero_and_steps_count_from_one() -> None:
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = Sums(lr=0.5).build([weight])
    weight.grad = torch.tensor([2.0, -4.0])
    optimizer.step()  # 0.5 / 1 * [2, -4]
    assert weight.tolist() == [0.0, 4.0]
    weight.grad = torch.tensor([2.0, 0.0])
    optimizer.step()  # 0.5 / 2 * [4, -4]
    assert weight.tolist() == [-1.0, 5.0]
    assert optimizer.state[weight]["total"].tolist() == [4.0, -4.0]


def test_a_large_parameter_moves_as_many_small_ones_would() -> None:
    values = torch.arange(1 << 20, dtype=torch.float32).reshape(1 << 10, 1 << 10).T
    weight = nn.Parameter(torch.zeros_like(values))
    weight.grad = values.clone()
    optimizer = Sums(lr=0.5).build([weight])
    optimizer.step()
    assert torch.equal(weight.detach(), values * -0.5)
    assert optimizer.state[weight]["total"].stride() == weight.stride()


def test_a_parameter_without_gradient_neither_moves_nor_gets_state() -> None:
    moving, resting = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    moving.grad = torch.ones(2)
    optimizer = Sums().build([resting, moving])
    optimizer.step()
    assert (moving.tolist(), resting.tolist()) == ([0.0, 0.0], [1.0, 1.0])
    assert "total" not in optimizer.state.get(resting, {})


def test_a_rule_finishes_each_group() -> None:
    class CountsResting(Sums):
        def _finish_group(self, group: dict[str, Any], plan: float) -> None:
            self.resting = [p for p in group["params"] if p.grad is None]

    moving, resting = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    moving.grad = torch.ones(2)
    optimizer = CountsResting().build([moving, resting])
    optimizer.step()
    assert [id(each) for each in optimizer.resting] == [id(resting)]


def test_parameters_of_several_types_are_gathered_in_order() -> None:
    single = [torch.zeros(1), torch.zeros(2)]
    double = torch.zeros(3, dtype=torch.float64)
    found = gather_alike([single[0], double, single[1]])
    assert [[one.numel() for one in alike] for alike in found] == [[1, 2], [3]]
    assert gather_alike([]) == []
    assert gather_alike(single) == [single]


def test_a_rule_that_is_not_written_cannot_step() -> None:
    class Unwritten(Sums):
        _plan = RuleOptimizer._plan

    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    optimizer = Unwritten().build([weight])
    with pytest.raises(NotImplementedError):
        optimizer.step()
    assert weight.tolist() == [1.0, 1.0]
