"""Decides by measurement whether steps of one batch shape run eagerly or compiled."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import torch
from torch import Tensor, fx

from kplug.training.data.batch import Batch
from kplug.training.jit.background_compiler import BackgroundCompiler
from kplug.training.jit.code_library import StepNote, holds_code
from kplug.training.jit.compiler_worker import CompilerReport
from kplug.training.jit.jit_costs import (
    KEPT_SECONDS,
    LARGEST_SHARE,
    Horizon,
    JitCosts,
    expect_share,
    is_worth,
    measure_share,
)
from kplug.training.jit.torch_compiler import is_compiled

_FIRST_LOOK: Final = 8  # calls before the first decision; doubled for each later one
_WARM_UPS: Final = 2  # calls that create lazy state
_SAMPLE: Final = 16  # this many calls are timed, then one in this many
_BLOCK, _BLOCKS = 5, 8  # consecutive calls of one kind, and number of blocks, in a comparison
_LEAST_GAIN: Final = 0.98  # of the eager time that compiled steps may take
_POLL_SECONDS: Final = 0.05
_MOST_STARTS: Final = 3

_costs = JitCosts()

Leaves = Sequence[list[Tensor]]  # of each batch
Run = Callable[[Sequence[Batch], Leaves, Sequence[Any]], list[Any]]


class TriedStep(Protocol):
    """The protocol of a step under trial."""

    steps_left: int
    steps_done: int

    def run_eagerly(self, batches: Sequence[Batch]) -> list[Any]:
        """Run ordinary steps."""

    def run_graph(
        self, batches: Sequence[Batch], leaves: Leaves, signatures: Sequence[Any]
    ) -> list[Any]:
        """Run steps as a graph, or trace one."""

    def drop_graph(self, signatures: Sequence[Any]) -> None:
        """Free the graphs of a shape."""

    def rehearse(self, batches: Sequence[Batch], leaves: Leaves) -> tuple[list[Any], int | None]:
        """Run steps as if they were traced; return the number of operations that the graph would have."""


class JitTrial:
    """Finds the faster way to run steps with batches of one shape.

    A state machine, whose current state is the method ``run``. It starts by timing eager steps. If compiling
    could pay off, it counts the operations of one step; then it traces a step, compiles the graph in another
    process, loads it from the cache, and compares it with eager steps. Every call trains exactly once.

    Attributes:
        is_eager: Whether ``run`` currently ignores tensors and signatures, and takes batches of any shape.
    """

    def __init__(self, step: TriedStep) -> None:
        self._step: TriedStep = weakref.proxy(step)  # weak, as the step holds its trials
        self._go_on_with(self._measure)
        self._calls = self._timed = self._starts = 0
        self._next_look = _FIRST_LOOK
        self._seconds = self._processor_seconds = 0.0
        self._share = LARGEST_SHARE
        self._note: StepNote | None = None
        self._is_kept = False
        self._ready: set[Any] = set()
        self._worker: BackgroundCompiler | None = None
        self._content: Any = None
        self._report: CompilerReport | None = None
        self._started = self._next_poll = 0.0
        self._times: tuple[list[float], list[float]] = ([], [])

    def _go_on_with(self, run: Run) -> None:
        self.run: Run = run
        eager = (self._measure, self._run_plainly, self._wait, self._hold)
        self.is_eager = run in eager

    def release(self) -> None:
        """End compiling in the background."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None
            self._go_on_with(self._measure)

    # -- eager steps -------------------------------------------------------------------------

    def _run_timed(self, batches: Sequence[Batch]) -> list[Any]:
        self._calls += 1
        # Reading the processor's clock takes 1 % of a small step.
        if self._calls <= _WARM_UPS or (self._timed >= _SAMPLE and self._calls % _SAMPLE):
            return self._step.run_eagerly(batches)
        started, processor_started = time.perf_counter(), time.process_time()
        results = self._step.run_eagerly(batches)
        self._timed += 1
        self._seconds += time.perf_counter() - started
        self._processor_seconds += time.process_time() - processor_started
        return results

    def _look_ahead(self, count: int) -> Horizon:
        """Return the horizon of eager steps with batches of this shape."""
        part = self._calls * count / max(self._step.steps_done, 1)
        known = max(self._step.steps_left, 0) / count * min(part, 1.0)
        seconds = self._seconds / self._timed
        return Horizon(known * seconds, self._calls * seconds)

    def _measure(self, batches: Sequence[Batch], *_: Any) -> list[Any]:
        """Run eagerly, and check from time to time whether compiling would pay off."""
        results = self._run_timed(batches)
        if self._calls < self._next_look:  # the fast path
            return results
        self._next_look = 2 * self._calls
        if self._is_worth_recording(len(batches)):
            self._go_on_with(self._count if self._note is None else self._record)
        return results

    def _is_worth_recording(self, count: int) -> bool:
        cost, delay, ahead = _costs.trace + _costs.load, _costs.compile, self._look_ahead(count)
        if holds_code() if self._note is None else self._note.exists:
            cost, delay = min(cost, KEPT_SECONDS), 0.0
        return is_worth(cost, self._share, ahead, at_risk=_costs.trace, delay=delay)

    def _stay_eager(self) -> None:
        self._go_on_with(self._run_plainly)

    def _run_plainly(self, batches: Sequence[Batch], *_: Any) -> list[Any]:
        return self._step.run_eagerly(batches)

    # -- towards a graph ---------------------------------------------------------------------

    def _count(
        self, batches: Sequence[Batch], leaves: Leaves, signatures: Sequence[Any]
    ) -> list[Any]:
        """Count the operations of a step, which takes milliseconds; tracing takes longer."""
        results, operations = self._step.rehearse(batches, leaves)
        self._note = StepNote(signatures, operations)
        self._go_on_with(self._measure)
        if operations is None:
            self._stay_eager()
        else:
            busy = min(self._seconds, self._processor_seconds)  # other programs may run as well
            self._share = expect_share(operations, busy / self._timed)
            if self._is_worth_recording(len(batches)):
                self._go_on_with(self._record)
        return results

    def _record(
        self, batches: Sequence[Batch], leaves: Leaves, signatures: Sequence[Any]
    ) -> list[Any]:
        started = time.perf_counter()
        results = self._step.run_graph(batches, leaves, signatures)
        if self._worker is not None:
            _costs.trace = time.perf_counter() - started
        return results

    def is_ready(self, graph: fx.GraphModule, inputs: Sequence[Tensor], content: Any) -> bool:
        """Return whether a graph is compiled; if not, start compiling in the background."""
        self._is_kept = is_compiled(graph, inputs)
        if content in self._ready:
            return True
        if self._is_kept:
            self._ready.add(content)
            self.run = self._compare
            return True
        self._starts += 1
        self._stay_eager()
        if self._starts <= _MOST_STARTS:
            try:
                self._worker = BackgroundCompiler(graph, inputs)
            except OSError:  # no process can be started
                return False
            self._content, self._started = content, time.perf_counter()
            self._go_on_with(self._wait)
        return False

    def _wait(self, batches: Sequence[Batch], *_: Any) -> list[Any]:
        """Run eagerly until the graph is compiled."""
        results = self._run_timed(batches)
        now = time.perf_counter()
        if now >= self._next_poll and self._worker is not None:
            self._next_poll = now + _POLL_SECONDS
            if not self._worker.is_running:
                _costs.compile = now - self._started
                self._report, self._worker = self._worker.read_report(), None
                self._consider(len(batches))
        return results

    def _consider(self, count: int) -> None:
        """Decide whether to use the compiled code."""
        report = self._report
        if report is None:
            self._stay_eager()
            return
        if report.call_seconds is not None:
            seconds = self._processor_seconds / self._timed
            self._share = measure_share(count * report.call_seconds, seconds)
        cost = _costs.load + (0.0 if report.is_cached else report.compile_seconds)
        is_now = is_worth(cost, self._share, self._look_ahead(count))
        self._go_on_with(self._load if is_now else self._hold)

    def _hold(self, batches: Sequence[Batch], *_: Any) -> list[Any]:
        """Run eagerly while too few steps are known to remain."""
        results = self._run_timed(batches)
        if self._calls >= self._next_look:
            self._next_look = 2 * self._calls
            self._consider(len(batches))
        return results

    # -- the graph ---------------------------------------------------------------------------

    def _load(
        self, batches: Sequence[Batch], leaves: Leaves, signatures: Sequence[Any]
    ) -> list[Any]:
        self._ready.add(self._content)
        started = time.perf_counter()
        results = self._step.run_graph(batches, leaves, signatures)
        if self._worker is None:  # the graph is still the same one
            _costs.load = time.perf_counter() - started
            self._times = [], []
            self._go_on_with(self._compare)
        return results

    def _compare(
        self, batches: Sequence[Batch], leaves: Leaves, signatures: Sequence[Any]
    ) -> list[Any]:
        """Alternate blocks of compiled and eager steps, then keep the faster kind."""
        eager, compiled = self._times
        done = len(eager) + len(compiled)
        is_compiled = done // _BLOCK % 2 == 0
        started = time.perf_counter()
        if is_compiled:
            results = self._step.run_graph(batches, leaves, signatures)
        else:
            results = self._step.run_eagerly(batches)
        if leaves[0][0].device.type != "cpu":
            torch.accelerator.synchronize()
        (compiled if is_compiled else eager).append(time.perf_counter() - started)
        if done + 1 == _BLOCK * _BLOCKS and self.run == self._compare:
            if _find_quickest(compiled) < _LEAST_GAIN * _find_quickest(eager):
                self._go_on_with(self._step.run_graph)
                if self._is_kept and self._note is not None:
                    self._note.leave()
            else:
                self._step.drop_graph(signatures)
                self._stay_eager()
        return results


def _find_quickest(times: list[float]) -> float:
    """Return the shortest time without the first call of each block, which runs with cold caches.

    Other programs can only make a call longer, and under load they do so to most calls.
    """
    return min(time for index, time in enumerate(times) if index % _BLOCK)
