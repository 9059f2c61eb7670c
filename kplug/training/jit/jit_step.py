"""A step that is traced once, then runs as a compiled graph."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, fx

from kplug.training.data.batch import Batch
from kplug.training.execution_options import REDUCE_OVERHEAD
from kplug.training.jit.batch_signatures import describe_batches
from kplug.training.jit.captured_state import CapturedState
from kplug.training.jit.cuda_graphs import CudaGraphCall, can_capture
from kplug.training.jit.fallback_to_eager import (
    TOO_MANY_GRAPHS,
    EagerFallback,
    describe_failure,
    describe_refusal,
    has_room,
)
from kplug.training.jit.graph_breaks import GraphBreak
from kplug.training.jit.jit_call import JitCall, fill_outputs
from kplug.training.jit.programs import Program
from kplug.training.jit.step_plan import StepPlan, as_tensors
from kplug.training.jit.torch_compiler import CompilerError, compile_graph
from kplug.training.jit.traced_call import TracedCall
from kplug.training.jit.tracing import TracedGraph
from kplug.training.step.standard_steps import StepFunction

MOST_SHAPES = 8  # of batches; further ones run eagerly


class JitStep(StepFunction):
    """Runs a step, eagerly at first and later as a compiled graph.

    The first call with batches of a shape is an ordinary step, which creates lazy state. The second one is
    traced while it runs. From the third on, the graph runs. Shapes that do not occur twice in a row, such as
    that of an epoch's last batch, are never compiled.

    Attributes:
        seconds: The time spent on tracing and compiling.
    """

    def __init__(self, program: Program, fallback: EagerFallback) -> None:
        self.program, self.fallback = program, fallback
        self.seconds = 0.0
        # Two tables: calls differ in which tensors they write to, and may share a graph.
        self._calls: dict[Any, JitCall] = {}
        self._graphs: dict[Any, Callable[..., Sequence[Tensor]]] = {}
        self._last_signature: Any = None
        self._signatures: set[Any] = set()
        self._state: CapturedState | None = None

    @property
    def is_released(self) -> bool:
        """Whether the step waits for a program of the next run."""
        return "program" not in vars(self)

    def release(self) -> None:
        """Release the program, which forms a reference cycle with the model and this step."""
        if not self.is_released:
            del self.program

    def finish(self) -> None:
        """Give averages of the weights to the model, if the optimizer keeps them."""
        self.program.step.finish()

    # -- running -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Check the captured state at the start of an epoch, or of an evaluation.

        Tensors may have been replaced, and Python values that are constants of a graph may have changed.
        The check traverses the whole model, which takes longer than a step: hence once per epoch.
        """
        self.program.step.begin()
        if self.fallback.is_eager or self._state is None:
            return
        found = CapturedState(self.program.find_roots())
        if found.find_change(self._state) or not found.has_same_tensors(self._state):
            # The graphs stay: the next trace may equal one of them.
            self._calls, self._state = {}, None
            return
        self._state = found
        for call in self._calls.values():
            call.bind(found.tensors)

    def __call__(self, batch: Batch) -> Any:
        """Make one step and return its result."""
        return self.run_all([batch])[0]

    def run_all(self, batches: Sequence[Batch]) -> list[Any]:
        """Make one step for each batch, compiled if its shapes have occurred before."""
        if self.fallback.is_eager:
            return self.run_eagerly(batches)
        if self.program.waits and len(batches) > 1:
            return [self(batch) for batch in batches]
        leaves, signatures = describe_batches(batches)
        if not self._signatures.issuperset(signatures):
            if len(batches) > 1:
                return [self(batch) for batch in batches]
            comes_again = signatures[0] == self._last_signature
            self._last_signature = signatures[0]
            if not comes_again or len(self._signatures) == MOST_SHAPES:
                return self.run_eagerly(batches)
            self._signatures.add(signatures[0])
        self._last_signature = signatures[-1]
        return self.run_graph(batches, leaves, signatures)

    def run_graph(
        self, batches: Sequence[Batch], leaves: Sequence[list[Tensor]], signatures: Sequence[Any]
    ) -> list[Any]:
        """Make one step for each batch with their graph; trace one if there is none.

        Work common to all of the steps is done once: planning, and checking the graph's bindings.
        """
        # The plans precede the lookup, because their constants are part of the key: a step that
        # accumulates gradients has another graph than one that updates.
        plans = [self._plan() for _ in batches]
        numbers = as_tensors(plans, leaves[0][0].device)
        results: list[Any] = []
        key, call, has_traced = None, None, False
        for batch, tensors, signature, plan, each in zip(
            batches, leaves, signatures, plans, numbers, strict=True
        ):
            if key != (signature, plan.constants):
                key = signature, plan.constants
                call = self._find_call(key)
            if call is not None:
                results.append(self._run_jit(call, batch, tensors, each))
            elif has_traced:
                results.append(self._run_planned(batch, plan, each))
            else:
                results.append(self._trace(key, batch, tensors, plan, each))
                key, has_traced = None, True
        return results

    def _run_jit(self, call: JitCall, batch: Batch, leaves: list[Tensor], numbers: Tensor) -> Any:
        try:
            outputs = call.run(*call.list_inputs(leaves, numbers))
        except (RuntimeError, IndexError) as error:
            self.program.explain(batch, error)
            raise
        if self.program.waits:
            self.program.settle(fill_outputs(call.outcome, outputs))
        return fill_outputs(call.result, outputs)

    def _find_call(self, key: Any) -> JitCall | None:
        call = self._calls.get(key)
        if call is not None and not call.is_bound():
            self.begin()
            call = self._calls.get(key)
        return call

    def _plan(self) -> StepPlan:
        numbers: list[float] = []
        return StepPlan(numbers, *self.program.plan(numbers))

    def run_eagerly(self, batches: Sequence[Batch]) -> list[Any]:
        """Make one ordinary step for each batch."""
        return list(map(self.program.run, batches))

    def _run_planned(self, batch: Batch, plan: StepPlan, numbers: Tensor) -> Any:
        """Run a planned step eagerly, without counting it a second time."""
        if not self.program.counts:
            return self.program.run(batch)
        result, outcome = self.program.run_planned(batch, plan.structure, list(numbers.unbind()))
        self.program.settle(outcome)
        return result

    def drop_graph(self, signatures: Sequence[Any]) -> None:
        """Free the graphs of some shapes."""
        self._calls = {key: call for key, call in self._calls.items() if key[0] not in signatures}
        if not self._calls:
            self._graphs, self._state = {}, None

    def rehearse(
        self, batches: Sequence[Batch], leaves: Sequence[list[Tensor]]
    ) -> tuple[list[Any], int | None]:
        """Run steps as if the first were traced.

        Returns:
            Their results, and the number of operations in graphs of all; None if no graph is possible.
        """
        plans = [self._plan() for _ in batches]
        rest = list(zip(batches, plans, as_tensors(plans, leaves[0][0].device), strict=True))
        traced = TracedCall(self.program, batches[0], leaves[0], plans[0])
        try:
            operations = traced.rehearse()
        except Exception:  # noqa: BLE001 - user code may raise anything here
            traced.undo()
            return [self._run_planned(*each) for each in rest], None
        self._finish_traced(traced)
        results = [traced.result, *(self._run_planned(*each) for each in rest[1:])]
        return results, None if traced.graph_break else operations * len(batches)

    def _finish_traced(self, traced: TracedCall) -> None:
        self.program.clean_up()
        if self.program.waits:
            self.program.settle(traced.outcome)

    # -- tracing -----------------------------------------------------------------------------

    def _trace(
        self, key: Any, batch: Batch, leaves: list[Tensor], plan: StepPlan, numbers: Tensor
    ) -> Any:
        """Run a step while tracing it, and keep its graph if there is no graph break."""
        if not has_room(len(self._calls), len(self._signatures)):
            result = self._run_planned(batch, plan, numbers)
            self._fall_back(TOO_MANY_GRAPHS)
            return result
        started = time.perf_counter()
        traced = TracedCall(self.program, batch, leaves, plan)
        try:
            graph = traced.trace()
        except Exception as error:  # noqa: BLE001 - user code may raise anything here
            traced.undo()
            # This raises the error again if the step itself is wrong.
            result = self._run_planned(batch, plan, numbers)
            self._fall_back(describe_failure(error))
            return result
        self._finish_traced(traced)
        if traced.graph_break is None:
            self._keep(traced, graph, key, leaves)
            self.seconds += time.perf_counter() - started
        elif not self.fallback.may_try_again(traced.graph_break):
            self._fall_back(traced.graph_break)
        return traced.result

    def _keep(
        self, traced: TracedCall, graph: TracedGraph, key: Any, leaves: Sequence[Tensor]
    ) -> None:
        """Compile the traced graph, unless an equal one was compiled before."""
        call = traced.make_call(graph)
        inputs = call.list_inputs(leaves, traced.numbers)
        kinds = [(each.shape, each.stride(), each.dtype, each.device) for each in inputs]
        content = (*graph.describe(), *kinds)
        if content not in self._graphs:
            if not has_room(len(self._graphs), len(self._signatures)):
                self._fall_back(TOO_MANY_GRAPHS)
                return
            try:
                run = self._compile(graph.graph, inputs, content)
            except CompilerError as error:
                self._fall_back(describe_refusal(error))
                return
            if run is None:
                return
            self._graphs[content] = run
        call.run = self._graphs[content]
        if self.fallback.jit_compile == REDUCE_OVERHEAD and can_capture(inputs):
            call.run = CudaGraphCall(call.run, call.moving)
        self._calls[key] = call
        self._state = traced.state

    def _compile(
        self,
        graph: fx.GraphModule,
        inputs: Sequence[Tensor],
        content: Any,  # noqa: ARG002 - for a step that compiles elsewhere
    ) -> Callable[..., Sequence[Tensor]] | None:
        """Return the code of a graph, or None if there is none yet."""
        return compile_graph(graph, inputs)

    def _fall_back(self, reason: GraphBreak) -> None:
        """Run eagerly from now on, and free the graphs."""
        self._calls, self._graphs, self._state = {}, {}, None
        self.fallback.give_up(reason)
