"""A call that is traced while it runs: results, what it writes back, and graph breaks."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.training.data.batch import Batch
from kplug.training.jit.jit_call import fill_outputs
from kplug.training.jit.programs import Program
from kplug.training.jit.step_plan import StepPlan
from kplug.training.jit.traced_call import TracedCall


class Holder:
    def __init__(self) -> None:
        self.total = torch.zeros(())
        self.calls = 0


class HolderProgram(Program):
    """A program whose step is a function of a holder, the input and a planned number."""

    def __init__(self, rule: Callable[[Holder, Tensor, Tensor], Tensor]) -> None:
        self.holder, self.rule = Holder(), rule

    def find_roots(self) -> Mapping[str, Any]:
        return {"holder": self.holder}

    def run_planned(
        self, batch: Batch, structure: Any, numbers: list[Tensor]
    ) -> tuple[Any, Tensor | None]:
        return {"loss": self.rule(self.holder, batch.x, numbers[0])}, None


def add_up(holder: Holder, x: Tensor, number: Tensor) -> Tensor:
    holder.total = holder.total + (x * number).sum().float()  # another tensor at each step
    return holder.total * 2


def count(holder: Holder, x: Tensor, number: Tensor) -> Tensor:
    holder.calls += 1
    return x * number


def grow(holder: Holder, x: Tensor, number: Tensor) -> Tensor:
    holder.total = torch.cat([holder.total.reshape(-1), x])
    return x * number


def read(holder: Holder, x: Tensor, number: Tensor) -> Tensor:
    return x * number if x.sum().item() > 0 else x


def draw(holder: Holder, x: Tensor, number: Tensor) -> Tensor:
    return x * random.random()


def draw_with_generator(holder: Holder, x: Tensor, number: Tensor) -> Tensor:
    return torch.rand(2, generator=torch.Generator().manual_seed(1)) + x


def make_traced(rule: Callable[[Holder, Tensor, Tensor], Tensor]) -> TracedCall:
    leaf = torch.tensor([1.0, 2.0])
    return TracedCall(HolderProgram(rule), Batch(leaf), [leaf], StepPlan([0.5], (), None))


def test_a_step_runs_for_real_and_the_tensor_that_was_there_is_kept() -> None:
    traced = make_traced(add_up)
    holder = traced.program.find_roots()["holder"]
    before = holder.total
    traced.trace()
    # 0.5 * (1 + 2) = 1.5.
    assert traced.result["loss"].item() == 3.0
    assert traced.outcome is None
    assert traced.graph_break is None
    assert holder.total is before
    assert holder.total.item() == 1.5
    traced.undo()
    assert before.item() == 0.0


def test_the_graph_stands_for_steps_with_other_batches_and_numbers() -> None:
    traced = make_traced(add_up)
    graph = traced.trace()
    call = traced.make_call(graph)
    assert call.is_bound()
    holder = traced.program.find_roots()["holder"]
    holder.total.fill_(100.0)
    numbers = torch.tensor([2.0], dtype=torch.float64)
    outputs = graph.graph(*call.list_inputs([torch.tensor([1.0, 1.0])], numbers))
    # 100 + 2 * 2 = 104.
    assert fill_outputs(call.result, outputs)["loss"].item() == 208.0
    assert fill_outputs(call.outcome, outputs) is None
    assert holder.total.item() == 104.0


@pytest.mark.parametrize(
    ("rule", "what", "kind"),
    [
        (count, "changes a Python value that it keeps (calls)", "state"),
        (grow, "changes the shape of a tensor that it keeps (total)", "state"),
        (read, "reads numbers of a tensor (item)", "value"),
        (draw, "something in it draws from Python's or NumPy's generator", "state"),
        (draw_with_generator, "a layer with a seed draws from a generator of its own", "other"),
    ],
)
def test_what_a_graph_cannot_stand_for_is_a_graph_break(
    rule: Callable[[Holder, Tensor, Tensor], Tensor], what: str, kind: str
) -> None:
    traced = make_traced(rule)
    traced.trace()
    assert traced.graph_break is not None
    assert (traced.graph_break.what, traced.graph_break.kind) == (what, kind)
