"""Traces one call of a step, and checks the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.support.nested import map_leaves
from kplug.training.data.batch import Batch
from kplug.training.jit.captured_state import CapturedState, read_python_randomness
from kplug.training.jit.fallback_to_eager import OWN_GENERATOR
from kplug.training.jit.graph_breaks import GraphBreak, OperationCount, watching_reads
from kplug.training.jit.jit_call import JitCall, Output
from kplug.training.jit.programs import Program
from kplug.training.jit.snapshot import StateSnapshot
from kplug.training.jit.step_plan import StepPlan, as_tensors
from kplug.training.jit.tracing import (
    TracedGraph,
    as_input,
    saying_that_it_compiles,
    trace,
)


class TracedCall:
    """Runs a planned step while tracing it.

    Attributes:
        result: What the step returned.
        outcome: The argument of ``settle``.
        graph_break: The reason that the graph is not valid for other steps, or None.
        state: The captured state before the call.
    """

    def __init__(
        self,
        program: Program,
        batch: Batch,
        leaves: Sequence[Tensor],
        plan: StepPlan,
    ) -> None:
        self.program, self.batch, self.plan = program, batch, plan
        (self.numbers,) = as_tensors([plan], leaves[0].device)
        self.state = CapturedState(program.find_roots())
        named = self.state.list_tensors()
        self._paths = [path for path, _ in named]
        self._held = [reference.get() for _, reference in named]
        self._by_path = {path: each.get() for path, each in self.state.tensors.items()}
        self._leaves = list(leaves)
        self._snapshot = StateSnapshot(self._held, self.state.generators)
        self.result: Any = None
        self.outcome: Tensor | None = None
        self.graph_break: GraphBreak | None = None
        self._outputs: list[Tensor] = []

    def trace(self) -> TracedGraph:
        """Run the step and return its graph."""
        randomness = read_python_randomness()
        found = trace(self._run, [*self._held, *self._leaves, self.numbers])
        # A random number from Python would become a constant of the graph.
        if read_python_randomness() != randomness:
            self._note("something in it draws from Python's or NumPy's generator")
        if self.graph_break is None and found.find_generator():
            self.graph_break = OWN_GENERATOR
        return found

    def rehearse(self) -> int:
        """Run the step without tracing, and return the number of operations."""
        with saying_that_it_compiles(), OperationCount() as count:
            self._run()
        found: int = count.found
        return found

    def undo(self) -> None:
        """Restore the state that the step has changed."""
        self._snapshot.restore()

    def _run(self, *_: Tensor) -> list[Tensor]:
        with watching_reads() as watch:
            self.result, self.outcome = self.program.run_planned(
                self.batch, self.plan.structure, list(self.numbers.unbind())
            )
        self.graph_break = watch.found
        self._put_back()
        map_leaves([self.result, self.outcome], Tensor, self._outputs.append)
        return self._outputs

    @torch.no_grad()
    def _put_back(self) -> None:
        """Turn replaced tensors into in-place writes, and find other changes.

        ``self.total = self.total + loss`` makes a new tensor at each step. In the graph it becomes a write
        into the former tensor, which is an input; the attribute keeps that tensor.
        """
        after = CapturedState(self.program.find_roots())
        for path, reference in self.state.tensors.items():
            earlier = self._by_path[path]
            found = after.tensors.get(path)
            later = None if found is None else found.get()
            if later is None or (later.shape, later.dtype) != (earlier.shape, earlier.dtype):
                self._note_change("changes the shape of a tensor that it keeps", path)
            elif later is not earlier:
                earlier.detach().copy_(later.detach())
                reference.put(earlier)
        change = after.find_change(self.state)
        added = next((path for path in after.tensors if path not in self.state.tensors), None)
        if change is not None or added is not None:
            self._note_change("changes a Python value that it keeps", change or added or "")

    def _note_change(self, what: str, path: str) -> None:
        self._note(f"{what} ({path.rpartition('.')[2]})", path)

    def _note(self, what: str, path: str = "") -> None:
        if self.graph_break is None:
            self.graph_break = GraphBreak(what, "state", path=path)

    def make_call(self, graph: TracedGraph) -> JitCall:
        """Return the call of a graph without graph breaks, bound to the captured state."""
        held, count = len(self._held), len(self._held) + len(self._leaves)
        counter = iter(range(len(self._outputs)))
        result, outcome = map_leaves(
            [self.result, self.outcome], Tensor, lambda _: Output(next(counter))
        )
        call = JitCall(
            paths=[self._paths[index] for index in graph.used if index < held],
            leaves=[index - held for index in graph.used if held <= index < count],
            takes_numbers=count in graph.used,
            fixed=[as_input(tensor) for tensor in graph.fixed],
            result=result,
            outcome=outcome,
        )
        call.bind(self.state.tensors)
        return call
