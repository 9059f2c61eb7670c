"""One call of a step with some batches, recorded, and all that may be wrong with it."""

from __future__ import annotations

import operator
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from kplug.nested import map_leaves
from kplug.training.compilation.captured_state import (
    CapturedState,
    TensorReference,
    read_python_randomness,
)
from kplug.training.compilation.eager_warning import Obstacle
from kplug.training.compilation.graph_breaks import Spot, noting_reads
from kplug.training.compilation.programs import Program
from kplug.training.compilation.snapshot import StateSnapshot
from kplug.training.compilation.tracing import TracedGraph, as_input, record
from kplug.training.data.batch import Batch

_OWN_GENERATOR = Obstacle("a layer with a seed draws from a generator of its own")
_IS_TRAINED = operator.attrgetter("requires_grad")


@dataclass(frozen=True)
class StepPlan:
    """The planned steps of one call: the numbers of all, and for each a structure and its share."""

    numbers: list[float]
    constants: tuple[Any, ...]
    structures: list[Any]
    ends: list[int]

    def as_tensor(self, device: torch.device) -> Tensor:
        """Return the numbers as a tensor."""
        kind = torch.float32 if device.type == "mps" else torch.float64  # it has no other
        return torch.tensor(self.numbers, dtype=kind).to(device, non_blocking=True)

    def split(self, numbers: Sequence[Tensor]) -> list[list[Tensor]]:
        """Return the numbers of each step."""
        starts = [0, *self.ends[:-1]]
        return [list(numbers[a:b]) for a, b in zip(starts, self.ends, strict=True)]


@dataclass
class CompiledCall:
    """A recorded call, compiled, and what to call it with.

    Args:
        run: The graph, compiled.
        paths: The paths of its first inputs.
        leaves: Which tensors of the batches follow.
        takes_numbers: Whether the planned numbers come then.
        fixed: The last inputs.
        results: What the steps returned, with places in the outputs for tensors.
        outcomes: What ``settle`` wants of each step, likewise.
        bound: The first inputs, as they are now.
        places: Where the dense ones of these are held: containers, and keys in them.
    """

    run: Callable[..., Sequence[Tensor]]
    paths: list[str]
    fixed: list[Tensor]
    leaves: list[int]
    takes_numbers: bool
    results: list[Any]
    outcomes: list[Any]
    bound: list[Tensor] = field(default_factory=list)
    places: tuple[list[Any], list[Any]] = ([], [])
    _looks: list[Any] = field(default_factory=list)

    def bind(self, places: Mapping[str, TensorReference]) -> None:
        """Take the tensors that are held at the paths now."""
        found = [places[path] for path in self.paths]
        self.bound = [as_input(place.get()) for place in found]
        dense = [place for place in found if place.get().layout is torch.strided]
        self.places = [place.container for place in dense], [place.key for place in dense]
        self._looks = self._look()

    def is_bound(self) -> bool:
        """Tell whether the same memory is held there as when it was bound, and the same is trained."""
        try:
            return self._look() == self._looks
        except (KeyError, IndexError, AttributeError, TypeError, RuntimeError):  # no dense tensor
            return False

    def _look(self) -> list[Any]:
        # Before every step, so all of it is done by C.
        tensors: list[Tensor] = list(map(operator.getitem, *self.places))
        return [*map(Tensor.data_ptr, tensors), *map(_IS_TRAINED, tensors)]


class Output(int):
    """The place of a tensor among the outputs of a graph."""


class TracedCall:
    """Runs planned steps, one for each batch, while their operations are written down.

    Args:
        program: The step.
        batches: The batches.
        leaves: The tensors of the batches.
        plan: The planned steps.

    Attributes:
        results: What the steps returned.
        outcomes: What ``settle`` wants of each step.
        obstacle: Why the recording cannot stand for other steps, or None.
        holdings: What the step can see, before the call.
    """

    def __init__(
        self,
        program: Program,
        batches: Sequence[Batch],
        leaves: Sequence[Tensor],
        plan: StepPlan,
    ) -> None:
        self.program, self.batches, self.plan = program, batches, plan
        self.numbers = plan.as_tensor(leaves[0].device)
        self.holdings = CapturedState(program.find_roots())
        named = self.holdings.list_tensors()
        self._paths = [path for path, _ in named]
        self._held = [place.get() for _, place in named]
        self._by_path = {path: place.get() for path, place in self.holdings.tensors.items()}
        self._leaves = list(leaves)
        self._rewinding = StateSnapshot(self._held, self.holdings.generators)
        self.results: list[Any] = []
        self.outcomes: list[Any] = []
        self.obstacle: Obstacle | None = None
        self._outputs: list[Tensor] = []

    def record(self) -> TracedGraph:
        """Run the steps and return their recording."""
        randomness = read_python_randomness()
        found = record(self._run, [*self._held, *self._leaves, self.numbers])
        if self.obstacle is None and read_python_randomness() != randomness:
            self.obstacle = Obstacle(
                "something in it draws from Python's or NumPy's generator", "state"
            )
        if self.obstacle is None and found.find_generator():
            self.obstacle = _OWN_GENERATOR
        return found

    def rewind(self) -> None:
        """Put back what the steps have changed."""
        self._rewinding.rewind()

    def _run(self, *_: Tensor) -> list[Tensor]:
        shares = self.plan.split(self.numbers.unbind())
        with noting_reads() as notes:
            for batch, structure, share in zip(
                self.batches, self.plan.structures, shares, strict=True
            ):
                result, outcome = self.program.run_planned(batch, structure, share)
                self.results.append(result)
                self.outcomes.append(outcome)
        if notes.operation is not None:
            what = f"reads numbers of a tensor ({notes.operation})"
            self.obstacle = Obstacle(what, "value", notes.spots)
        self._put_back()
        map_leaves([self.results, self.outcomes], Tensor, self._outputs.append)
        return self._outputs

    @torch.no_grad()
    def _put_back(self) -> None:
        """Write tensors that took the place of others into these, and look for other changes."""
        after = CapturedState(self.program.find_roots())
        for path, place in self.holdings.tensors.items():
            earlier = self._by_path[path]
            found = after.tensors.get(path)
            later = None if found is None else found.get()
            if later is None or (later.shape, later.dtype) != (earlier.shape, earlier.dtype):
                self._note("changes the shape of a tensor that it keeps", path)
            elif later is not earlier:
                earlier.detach().copy_(later.detach())
                place.put(earlier)
        change = after.find_change(self.holdings)
        added = next((path for path in after.tensors if path not in self.holdings.tensors), None)
        if change is not None or added is not None:
            self._note("changes a Python value that it keeps", change or added or "")

    def _note(self, what: str, path: str) -> None:
        if self.obstacle is None:
            self.obstacle = Obstacle(f"{what} ({path.rpartition('.')[2]})", "state", path=path)

    def make_artefact(self, recording: TracedGraph) -> CompiledCall:
        """Return the artefact of a recording that is free of obstacles."""
        held, count = len(self._held), len(self._held) + len(self._leaves)
        counter = iter(range(len(self._outputs)))
        results, outcomes = map_leaves(
            [self.results, self.outcomes], Tensor, lambda _: Output(next(counter))
        )
        return CompiledCall(
            run=recording.graph,
            paths=[self._paths[index] for index in recording.used if index < held],
            fixed=[as_input(tensor) for tensor in recording.fixed],
            leaves=[index - held for index in recording.used if held <= index < count],
            takes_numbers=count in recording.used,
            results=results,
            outcomes=outcomes,
        )


def describe_failure(error: Exception) -> Obstacle:
    """Return the obstacle that an error in recording means."""
    spots = [Spot.of(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    text = str(error).strip().partition("\n")[0]
    if "torch._C.Generator" in text:  # torch 2.12 cannot even write it down
        return _OWN_GENERATOR
    return Obstacle(f"cannot be recorded ({type(error).__name__}: {text})", "other", spots[::-1])
