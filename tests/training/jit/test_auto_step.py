"""``jit_compile="auto"``: what a model computes, and what goes on beside it."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug.callbacks import Callback
from kplug.layers import BatchNormalization, Dense, Dropout, Input
from kplug.models import Sequential
from kplug.training.jit import auto_decision, auto_step, jit_step, torch_compiler
from kplug.training.jit.auto_step import AutoStep
from kplug.training.jit.batch_signatures import describe_batches
from kplug.training.jit.compiler_worker import CompilerReport

X, Y = torch.linspace(-1, 1, 360).reshape(120, 3), torch.linspace(0, 1, 120).reshape(120, 1)


class Worker:
    """Has compiled at once."""

    started: ClassVar[list[Worker]] = []
    is_running = False

    def __init__(self, graph: Any, tensors: Any) -> None:
        self.is_ended = False
        type(self).started.append(self)

    def read_report(self) -> CompilerReport:
        return CompilerReport(1.0, is_cached=True, call_seconds=0.0)

    def end(self) -> None:
        self.is_ended = True


@pytest.fixture
def _eager_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be worth it, and compiled steps always win."""
    monkeypatch.setattr(Worker, "started", [])
    monkeypatch.setattr(auto_decision, "BackgroundCompiler", Worker)
    monkeypatch.setattr(auto_decision, "is_worth", lambda *_, **__: True)
    monkeypatch.setattr(auto_decision, "_find_quickest", lambda times: -len(times))
    monkeypatch.setattr(auto_decision, "_BLOCKS", 3)


@pytest.fixture
def compiled_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with every call of a compiled graph."""
    found: list[int] = []
    make = torch_compiler.compile_graph

    def compile_graph(graph: Any, tensors: Any) -> Callable[..., Any]:
        run = make(graph, tensors)

        def counted(*inputs: Tensor) -> Any:
            found.append(len(inputs))
            return run(*inputs)

        return counted

    monkeypatch.setattr(jit_step, "compile_graph", compile_graph)
    return found


pytestmark = pytest.mark.usefixtures("_eager_to_compile")


def make_model(jit_compile: bool | str, **options: Any) -> Sequential:
    torch.manual_seed(0)
    model = Sequential(
        [Input((3,)), Dense(8, activation="tanh"), BatchNormalization(), Dropout(0.3), Dense(1)]
    )
    model.compile("adam", "mse", metrics=["mae"], jit_compile=jit_compile, **options)
    return model


def fit(model: Sequential, **options: Any) -> dict[str, list[float]]:
    torch.manual_seed(1)
    given = {"batch_size": 8, "epochs": 6, "verbose": 0, **options}
    found: dict[str, list[float]] = model.fit(X, Y, **given).history
    return found


@pytest.mark.parametrize("steps_per_execution", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_it_trains_as_eager_steps_do(steps_per_execution: int, compiled_calls: list[int]) -> None:
    """Dropout draws the same numbers, whenever the change-over happens."""
    options = {"steps_per_execution": steps_per_execution}
    eager, auto = make_model(False, **options), make_model("auto", **options)
    expected, found = fit(eager, epochs=12), fit(auto, epochs=12)
    assert len(compiled_calls) > 10
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5)
    for one, other in zip(auto.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_short_batch_at_the_end_of_an_epoch(compiled_calls: list[int]) -> None:
    expected = fit(make_model(False), batch_size=16)
    found = fit(make_model("auto"), batch_size=16)
    assert compiled_calls
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)


def test_evaluation_and_prediction(compiled_calls: list[int]) -> None:
    eager, auto = make_model(False), make_model("auto")
    for _ in range(3):
        expected = eager.evaluate(X, Y, batch_size=4, verbose=0)
        np.testing.assert_allclose(
            auto.evaluate(X, Y, batch_size=4, verbose=0), expected, rtol=1e-5
        )
    evaluations = len(compiled_calls)
    assert evaluations
    for _ in range(3):
        expected = eager.predict(X, batch_size=4, verbose=0)
        np.testing.assert_allclose(auto.predict(X, batch_size=4, verbose=0), expected, rtol=1e-5)
    assert len(compiled_calls) > evaluations


def test_batches_that_are_trained_on_one_by_one(compiled_calls: list[int]) -> None:
    model = make_model("auto")
    for _ in range(40):
        model.train_on_batch(X[:8], Y[:8])
    assert compiled_calls


def test_the_time_that_training_waited_is_told() -> None:
    model = make_model("auto")
    assert model.compile_time == 0
    fit(model)
    assert model.compile_time > 0


def test_a_step_that_cannot_be_a_graph_stays_eager_without_a_warning() -> None:
    def impatient(y_true: Tensor, y_pred: Tensor) -> Tensor:
        loss = (y_true - y_pred).square().mean()
        return loss * 10 if loss > 1 else loss

    torch.manual_seed(0)
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("adam", impatient, jit_compile="auto")
    fit(model)
    assert Worker.started == []


def test_an_optimizer_that_cannot_be_compiled_gives_no_warning() -> None:
    model = make_model("auto")
    fit(model, epochs=1)
    model.optimizer.register_step_post_hook(lambda *_: None)
    assert model.compiled is not None
    model.compiled.steps.clear()
    fit(model)
    assert Worker.started[1:] == []


class Interrupt(Callback):
    """Stops training as Ctrl-C does, while a graph is being compiled."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if Worker.started:
            raise KeyboardInterrupt


@pytest.mark.parametrize("callbacks", [[], [Interrupt()]])
def test_compiling_ends_with_the_run(
    callbacks: list[Callback], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "is_running", True)
    model = make_model("auto")
    try:
        fit(model, callbacks=callbacks)
    except KeyboardInterrupt:
        assert callbacks
    assert [each.is_ended for each in Worker.started] == [True]


def test_compiling_for_an_evaluation_or_a_prediction_ends_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Worker, "is_running", True)
    model = make_model("auto")
    model.evaluate(X, Y, batch_size=4, verbose=0)
    model.predict(X, batch_size=4, verbose=0)
    assert [each.is_ended for each in Worker.started] == [True, True]


@pytest.mark.slow
def test_a_hyperparameter_that_is_changed_takes_effect(compiled_calls: list[int]) -> None:
    losses = []
    for jit in (False, "auto"):
        model = make_model(jit)
        fit(model)
        model.optimizer.beta_1 = 0.5
        losses.append(fit(model)["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    assert len(Worker.started) == 2


def test_a_copy_starts_anew() -> None:
    model = make_model("auto")
    fit(model)
    other = copy.deepcopy(model)
    assert other.compiled is not None
    assert other.compiled.jit_compile == "auto"
    assert not any(isinstance(step, AutoStep) for _, step in other.compiled.steps.values())


PROGRAM = """
import json, sys, time
import torch
from kplug.callbacks import Callback
from kplug.layers import LSTM, Dense, Dropout, Input
from kplug.models import Sequential
from kplug.training.jit import auto_decision, background_compiler

# A process that gives way may never end on a busy machine.
background_compiler._START = f"import os; os.nice = int; {background_compiler._START}"
auto_decision.is_worth = lambda *_, **__: True
steps, deadline = 0, time.monotonic() + 600

class StopAfterComparing(Callback):
    def on_train_batch_end(self, batch, logs=None):
        global steps
        steps += 1
        time.sleep(0.02)
        trials = self.model.compiled.steps["train"][1]._trials.values()
        has_compared = any(each._times[0] and each.run != each._compare for each in trials)
        found["has_compared"] = has_compared
        self.model.stop_training = time.monotonic() > deadline or has_compared

class StopAfterAsMany(Callback):
    def on_train_batch_end(self, batch, logs=None):
        global steps
        steps -= 1
        self.model.stop_training = not steps

x, y, found = torch.linspace(-1, 1, 600).reshape(40, 5, 3), torch.linspace(0, 1, 40)[:, None], {}
for jit, callback in [("auto", StopAfterComparing()), (False, StopAfterAsMany())]:
    torch.manual_seed(0)
    model = Sequential([Input((5, 3)), LSTM(4), Dropout(0.5), Dense(1)])
    model.compile("adam", "mse", jit_compile=jit)
    torch.manual_seed(1)
    options = {"batch_size": 8, "epochs": 10_000, "verbose": 0, "callbacks": [callback]}
    found[str(jit)] = model.fit(x, y, **options).history["loss"]
print(json.dumps({"losses": found, "has_compiler": "torch._inductor.compile_fx" in sys.modules}))
"""


@pytest.mark.slow
def test_another_process_compiles_what_this_one_calls_without_the_compiler(tmp_path: Path) -> None:
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["losses"].pop("has_compared")
    assert not found["has_compiler"]
    np.testing.assert_allclose(found["losses"]["auto"], found["losses"]["False"], rtol=1e-4)


def test_eager_steps_are_described_when_the_shape_changes_or_an_epoch_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described: list[tuple[int, ...]] = []

    def counted(batches: Any) -> Any:
        described.extend(tuple(batch.x.shape) for batch in batches)
        return describe_batches(batches)

    monkeypatch.setattr(auto_step, "describe_batches", counted)
    monkeypatch.setattr(auto_decision, "is_worth", lambda *_, **__: False)
    model = make_model("auto")
    fit(model, batch_size=16, epochs=2)  # seven batches of 16, one of 8
    assert described == [(16, 3), (8, 3)] * 2
    assert model.compiled is not None
    step = model.compiled.steps["train"][1]
    assert (step.steps_done, step.steps_left) == (16, 0)
