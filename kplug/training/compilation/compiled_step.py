"""A step that is recorded while it runs, then runs as a compiled graph."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from kplug.nested import find_leaves, map_leaves
from kplug.training.compilation.captured_state import CapturedState
from kplug.training.compilation.cuda_graphs import CudaGraphCall, can_capture
from kplug.training.compilation.eager_warning import Obstacle, warn_of_obstacle
from kplug.training.compilation.programs import Program
from kplug.training.compilation.torch_compiler import CompilerError, compile_graph
from kplug.training.compilation.traced_call import (
    CompiledCall,
    Output,
    StepPlan,
    TracedCall,
    describe_failure,
)
from kplug.training.compilation.tracing import TracedGraph
from kplug.training.data.batch import Batch
from kplug.training.execution_options import REDUCE_OVERHEAD

MOST_ATTEMPTS = 3
MOST_SHAPES = 8  # of batches; others run eagerly
MOST_GRAPHS = 8  # besides one for each shape: more would mean that compiling never ends
_TOO_MANY = Obstacle("it needs one graph after another, as something in it goes on changing")


class CompiledStep:
    """Runs a step, eagerly at first and as a compiled graph from then on.

    The first call with batches of a shape is an ordinary step, which makes whatever state is made lazily.
    The second one is recorded while it runs. From the third on, the graph runs. Shapes that do not come
    twice in a row, such as that of an epoch's last batch, are never compiled.

    Args:
        program: The step.
        model: The model, for messages.
        compiled: What ``compile`` made of it.
    """

    def __init__(self, program: Program, model: Any, compiled: Any) -> None:
        self.program, self.model, self.compiled = program, model, compiled
        self.seconds = 0.0
        self.is_eager = False
        self._artefacts: dict[Any, CompiledCall] = {}
        self._graphs: dict[Any, Callable[..., Sequence[Tensor]]] = {}
        self._attempts = 0
        self._last_signature: Any = None
        self._signatures: set[Any] = set()
        self._holdings: CapturedState | None = None

    def publish(self) -> None:
        """The model itself was trained."""

    def finish(self) -> None:
        """Give averages of the weights to the model, if the optimizer keeps them."""
        self.program.step.finish()

    # -- running -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Look at the model anew: at the start of an epoch, or of an evaluation.

        Tensors may have been replaced, and settings that a graph holds may have changed.
        """
        self.program.step.begin()
        if self.is_eager or self._holdings is None:
            return
        found = CapturedState(self.program.find_roots())
        if found.find_change(self._holdings) or not found.has_same_tensors(self._holdings):
            self._artefacts, self._holdings = {}, None
            return
        self._holdings = found
        for artefact in self._artefacts.values():
            artefact.bind(found.tensors)

    def __call__(self, batch: Batch) -> Any:
        """Make one step and return its result."""
        return self.run_all([batch])[0]

    def run_all(self, batches: Sequence[Batch]) -> list[Any]:
        """Make one step for each batch, in one call of a graph if their shapes have come before."""
        if self.is_eager:
            return [self.program.run(batch) for batch in batches]
        if self.program.waits and len(batches) > 1:
            return [self(batch) for batch in batches]
        leaves, signature = _describe(batches)
        comes_again = signature == self._last_signature
        self._last_signature = signature
        if signature not in self._signatures:
            if not comes_again or len(self._signatures) == MOST_SHAPES:
                return [self.program.run(batch) for batch in batches]
            self._signatures.add(signature)
        plan = self._plan(len(batches))
        artefact = self._artefacts.get((signature, plan.constants))
        if artefact is not None and not artefact.is_bound():  # a callback put another tensor there
            self.begin()
            artefact = self._artefacts.get((signature, plan.constants))
        if artefact is None:
            return self._record(signature, batches, leaves, plan)
        return self._run_graph(artefact, leaves, plan)

    def _plan(self, count: int) -> StepPlan:
        numbers: list[float] = []
        constants, structures, ends = [], [], []
        for _ in range(count):
            constant, structure = self.program.plan(numbers)
            constants.append(constant)
            structures.append(structure)
            ends.append(len(numbers))
        return StepPlan(numbers, tuple(constants), structures, ends)

    def _run_graph(self, artefact: CompiledCall, leaves: list[Tensor], plan: StepPlan) -> list[Any]:
        outputs = artefact.run(*self._list_inputs(artefact, leaves, plan))
        if self.program.waits:
            self.program.settle(_fill(artefact.outcomes[-1], outputs))
        return [_fill(result, outputs) for result in artefact.results]

    def _list_inputs(
        self, artefact: CompiledCall, leaves: list[Tensor], plan: StepPlan
    ) -> list[Tensor]:
        tensors = [*artefact.bound, *[leaves[index] for index in artefact.leaves]]
        if artefact.takes_numbers:
            tensors.append(plan.as_tensor(leaves[0].device))
        return tensors + artefact.fixed

    def _run_planned(self, batches: Sequence[Batch], plan: StepPlan) -> list[Any]:
        """Run steps eagerly that are planned already."""
        if not self.program.counts:
            return [self.program.run(batch) for batch in batches]
        leaves, _ = _describe(batches)
        shares = plan.split(plan.as_tensor(leaves[0].device).unbind())
        results = []
        for batch, structure, share in zip(batches, plan.structures, shares, strict=True):
            result, outcome = self.program.run_planned(batch, structure, share)
            self.program.settle(outcome)
            results.append(result)
        return results

    def _give_up(self, obstacle: Obstacle) -> None:
        self.is_eager = True
        self._artefacts, self._graphs, self._holdings = {}, {}, None
        warn_of_obstacle(self.program.title, obstacle, self.model, self.compiled)

    # -- recording ---------------------------------------------------------------------------

    def _record(
        self, signature: Any, batches: Sequence[Batch], leaves: list[Tensor], plan: StepPlan
    ) -> list[Any]:
        """Run steps that are recorded meanwhile."""
        if len(self._artefacts) >= MOST_GRAPHS + len(self._signatures):
            results = self._run_planned(batches, plan)
            self._give_up(_TOO_MANY)
            return results
        started = time.perf_counter()
        call = TracedCall(self.program, batches, leaves, plan)
        try:
            recording = call.record()
        except Exception as error:  # noqa: BLE001 - user code may raise anything here
            call.rewind()
            results = self._run_planned(batches, plan)  # raises it again if the mistake is real
            self._give_up(describe_failure(error))
            return results
        self.program.clean_up()
        results = call.results
        if self.program.waits:
            self.program.settle(call.outcomes[-1])
        if call.obstacle is not None:
            self._attempts += 1
            # State that is made at the second step changes what there is, but only this once.
            if call.obstacle.kind != "state" or self._attempts == MOST_ATTEMPTS:
                self._give_up(call.obstacle)
            return results
        try:
            self._keep(call, recording, (signature, plan.constants), leaves)
        except CompilerError as error:
            self._give_up(Obstacle(f"torch's compiler refused its graph ({error.message})"))
        self.seconds += time.perf_counter() - started
        return results

    def _keep(
        self, call: TracedCall, recording: TracedGraph, key: Any, leaves: list[Tensor]
    ) -> None:
        """Compile what was recorded, unless a graph that is the same was compiled before."""
        artefact = call.make_artefact(recording)
        artefact.bind(call.holdings.tensors)
        inputs = self._list_inputs(artefact, leaves, call.plan)
        kinds = [(each.shape, each.stride(), each.dtype, each.device) for each in inputs]
        content = (*recording.describe(), *kinds)
        if content not in self._graphs:
            if len(self._graphs) >= MOST_GRAPHS + len(self._signatures):
                self._give_up(_TOO_MANY)
                return
            self._graphs[content] = compile_graph(recording.graph, inputs)
        artefact.run = self._graphs[content]
        if self.compiled.jit_compile == REDUCE_OVERHEAD and can_capture(inputs):
            first, stop = len(artefact.bound), len(inputs) - len(artefact.fixed)
            artefact.run = CudaGraphCall(artefact.run, first, stop)
        self._artefacts[key] = artefact
        self._holdings = call.holdings


def _describe(batches: Sequence[Batch]) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Return the tensors of batches, and what a graph knows of them: structure, shapes and types."""
    leaves: list[Tensor] = []
    signature: list[Any] = []
    for batch in batches:
        for part in batch:
            if isinstance(part, Tensor):
                leaves.append(part)
                signature.append((part.shape, part.stride(), part.dtype))
            elif part is None or isinstance(part, float):
                signature.append(part)
            else:
                inner = list(find_leaves(part, Tensor))
                leaves += inner
                signature.append(repr(map_leaves(part, Tensor, lambda _: 0)))
                signature += [(each.shape, each.stride(), each.dtype) for each in inner]
    return leaves, tuple(signature)


def _fill(result: Any, outputs: Sequence[Tensor]) -> Any:
    if type(result) is Output:
        return outputs[result]
    return map_leaves(result, Output, lambda place: outputs[place])
