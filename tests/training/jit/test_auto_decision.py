"""How a trial goes from eager to compiled steps, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from kplug.training.data.batch import Batch
from kplug.training.jit import auto_decision
from kplug.training.jit.auto_decision import JitTrial, Leaves
from kplug.training.jit.compiler_worker import CompilerReport
from kplug.training.jit.jit_costs import JitCosts

LEAVES = [[torch.zeros(2)]]
BATCHES = [Batch(LEAVES[0][0])]


class Clock:
    """Both clocks: the one on the wall, and that of the processor."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    process_time = perf_counter


class Worker:
    """Compiles for some seconds of the clock, then has a report."""

    started: ClassVar[list[Worker]] = []
    report: CompilerReport | None = CompilerReport(5.0, is_cached=True, call_seconds=0.001)
    seconds = 5.0

    def __init__(self, graph: Any, tensors: Any) -> None:
        type(self).started.append(self)
        self.until = clock.now + self.seconds
        self.is_ended = False

    @property
    def is_running(self) -> bool:
        return clock.now < self.until

    def read_report(self) -> CompilerReport | None:
        return self.report

    def end(self) -> None:
        self.is_ended = True


clock = Clock()


class Step:
    """A step whose eager and compiled forms take as long as the test says."""

    def __init__(self, eager: float, compiled: float, steps: int, operations: int | None) -> None:
        self.eager, self.compiled, self.operations = eager, compiled, operations
        self.steps_left, self.steps_done = steps, 0
        self.ran: list[str] = []
        self.is_dropped = False
        self.content = "graph"
        self.trial = JitTrial(self)

    def run_eagerly(self, batches: Sequence[Batch]) -> list[Any]:
        return self._run("eager", self.eager)

    def drop_graph(self, signatures: Sequence[Any]) -> None:
        self.is_dropped = True

    def rehearse(self, batches: Sequence[Batch], leaves: Leaves) -> tuple[list[Any], int | None]:
        return self._run("counted", self.eager), self.operations

    def run_graph(
        self, batches: Sequence[Batch], leaves: Leaves, signatures: Sequence[Any]
    ) -> list[Any]:
        if self.trial.is_ready(None, [], self.content):  # type: ignore[arg-type]  # a stand-in
            return self._run("compiled", self.compiled)
        return self._run("recorded", self.eager)

    def _run(self, how: str, seconds: float) -> list[Any]:
        clock.now += seconds
        self.ran.append(how)
        return [how]

    def train(self, calls: int | None = None) -> list[str]:
        """Run the steps that are left, or so many, and return how they ran, without repetitions."""
        before = len(self.ran)
        for _ in range(self.steps_left if calls is None else calls):
            self.steps_left -= 1
            self.steps_done += 1
            self.trial.run(BATCHES, LEAVES, ["signature"])
        ran = self.ran[before:]
        return [how for index, how in enumerate(ran) if index == 0 or how != ran[index - 1]]


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(auto_decision, "time", clock)
    monkeypatch.setattr(auto_decision, "BackgroundCompiler", Worker)
    monkeypatch.setattr(auto_decision, "_costs", JitCosts())
    monkeypatch.setattr(auto_decision, "is_compiled", lambda graph, tensors: False)
    monkeypatch.setattr(Worker, "started", [])


ALTERNATING = ["compiled", "eager"] * 4


def test_a_step_that_gains_is_compiled_beside_eager_steps_and_compared() -> None:
    step = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    assert step.train() == ["eager", "counted", "recorded", "eager", *ALTERNATING, "compiled"]
    assert len(Worker.started) == 1
    assert step.ran.count("eager") == pytest.approx(500, abs=60)  # the worker's 5 seconds


def test_code_that_an_earlier_process_kept_is_compared_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto_decision, "is_compiled", lambda graph, tensors: True)
    step = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    assert step.train() == ["eager", "counted", *ALTERNATING, "compiled"]
    assert Worker.started == []


def test_every_call_trains_once() -> None:
    step = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    step.train()
    assert len(step.ran) == 10_000


def test_a_run_that_is_too_short_stays_as_it_is() -> None:
    step = Step(eager=0.01, compiled=0.002, steps=300, operations=2000)
    assert step.train() == ["eager"]
    assert Worker.started == []


def keep_code(folder: Path) -> None:
    """Do as a process that has kept the code of a graph."""
    (folder / "kplug").mkdir()
    (folder / "kplug/code.so").touch()


def test_a_run_that_would_end_before_its_code_is_there_stays_as_it_is(tmp_path: Path) -> None:
    step = Step(eager=0.01, compiled=0.002, steps=1100, operations=2000)
    assert step.train() == ["eager"]
    keep_code(tmp_path)  # another graph's, as no note says otherwise
    step = Step(eager=0.01, compiled=0.002, steps=1100, operations=2000)
    assert step.train() == ["eager", "counted", "eager"]


def test_a_short_run_uses_code_that_made_an_earlier_process_faster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep_code(tmp_path)
    monkeypatch.setattr(auto_decision, "is_compiled", lambda graph, tensors: True)
    long = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    assert long.train()[-1] == "compiled"
    short = Step(eager=0.01, compiled=0.002, steps=200, operations=2000)
    assert short.train()[-1] == "compiled"
    other = Step(eager=0.01, compiled=0.002, steps=200, operations=2001)
    assert other.train() == ["eager", "counted", "eager"]


def test_code_that_was_not_faster_is_no_reason_to_trace_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep_code(tmp_path)
    monkeypatch.setattr(auto_decision, "is_compiled", lambda graph, tensors: True)
    for steps, ran in ((10_000, ALTERNATING[-1]), (200, "eager")):
        step = Step(eager=0.01, compiled=0.011, steps=steps, operations=2000)
        assert step.train()[-1] == ran
    assert "compiled" not in step.ran


def test_the_time_of_the_first_graph_is_expected_of_the_next() -> None:
    step = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    step.train()
    assert auto_decision._costs.compile == pytest.approx(Worker.seconds, abs=0.1)


class LoadedStep(Step):
    """A step on a loaded machine: of five calls, compiled or eager, one alone runs undisturbed."""

    def _run(self, how: str, seconds: float) -> list[Any]:
        is_disturbed = len(self.ran) % 5 != 2
        return super()._run(how, seconds + (0.02 if is_disturbed and how == "compiled" else 0.0))


def test_a_loaded_machine_does_not_hide_the_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_decision, "is_compiled", lambda graph, tensors: True)
    step = LoadedStep(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    assert step.train()[-1] == "compiled"


def test_a_gain_within_the_noise_leaves_the_step_eager() -> None:
    step = Step(eager=0.01, compiled=0.0099, steps=10_000, operations=2000)
    assert step.train()[-1] == "eager"


@pytest.mark.parametrize("operations", [5, None])
def test_a_step_without_gain_or_without_a_graph_is_not_recorded(operations: int | None) -> None:
    step = Step(eager=0.01, compiled=0.01, steps=3000, operations=operations)
    assert step.train() == ["eager", "counted", "eager"]


def test_code_that_is_slower_in_the_worker_is_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "report", CompilerReport(5.0, True, call_seconds=0.011))
    step = Step(eager=0.01, compiled=0.011, steps=10_000, operations=2000)
    assert step.train() == ["eager", "counted", "recorded", "eager"]


def test_code_that_is_slower_here_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step(eager=0.01, compiled=0.012, steps=10_000, operations=2000)
    assert step.train() == ["eager", "counted", "recorded", "eager", *ALTERNATING]
    assert step.ran.count("compiled") <= 21
    assert step.is_dropped
    lost = step.ran.count("compiled") * 0.002
    assert lost < 0.02 * 10_000 * 0.01


def test_code_that_is_not_in_the_cache_costs_its_compile_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Worker, "report", CompilerReport(40.0, False, call_seconds=0.002))
    short = Step(eager=0.01, compiled=0.002, steps=8_000, operations=2000)
    assert short.train() == ["eager", "counted", "recorded", "eager"]
    long = Step(eager=0.01, compiled=0.002, steps=30_000, operations=2000)
    assert long.train()[-1] == "compiled"


def test_a_worker_that_fails_leaves_the_step_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "report", None)
    step = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    assert step.train() == ["eager", "counted", "recorded", "eager"]


def test_no_room_for_a_process_leaves_the_step_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(auto_decision, "BackgroundCompiler", refuse)
    step = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    assert step.train() == ["eager", "counted", "recorded", "eager"]


def test_a_run_that_ends_ends_the_worker_and_the_next_one_starts_another() -> None:
    step = Step(eager=0.01, compiled=0.002, steps=10_000, operations=2000)
    step.train(calls=100)
    step.trial.release()
    assert Worker.started[0].is_ended
    step.steps_left = 10_000
    assert step.train()[-1] == "compiled"
    assert len(Worker.started) == 2


def test_a_step_that_goes_on_changing_is_compiled_a_few_times_only() -> None:
    step = Step(eager=0.01, compiled=0.002, steps=100_000, operations=2000)
    while step.steps_left:
        step.content = f"graph {len(Worker.started)}, {step.steps_left // 1000}"
        step.train(calls=min(500, step.steps_left))
    assert len(Worker.started) == 3
    assert step.train(calls=10) == ["eager"]


def test_many_short_runs_are_worth_as_much_as_a_long_one() -> None:
    step = Step(eager=0.01, compiled=0.002, steps=0, operations=2000)
    ran: list[str] = []
    for _ in range(3000):
        step.steps_left = 10
        ran = step.train()
    assert ran == ["compiled"]
