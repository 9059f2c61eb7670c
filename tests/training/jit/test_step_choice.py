"""Which step a model runs, and when a compiled one is kept."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch

from kplug.callbacks import Callback
from kplug.errors import EagerStepWarning
from kplug.layers import Dense, Input
from kplug.models import Sequential
from kplug.training.compiled import Compiled
from kplug.training.jit.jit_step import JitStep
from kplug.training.jit.step_choice import (
    find_predict_step,
    find_test_step,
    find_train_step,
    measure_compile_time,
)
from kplug.training.step.standard_steps import PredictStep, TestStep, TrainStep


def make_model(*, jit: bool) -> tuple[Sequential, Compiled, torch.optim.Optimizer]:
    model = Sequential([Input((2,)), Dense(3, name="first"), Dense(1)])
    model.ensure_built()
    model.compile(loss="mse", jit_compile=jit)
    assert model.compiled is not None
    return model, model.compiled, torch.optim.SGD(model.parameters(), lr=0.1)


def test_without_compilation_every_step_is_a_plain_one() -> None:
    model, compiled, optimizer = make_model(jit=False)
    assert type(find_train_step(model, compiled, optimizer)) is TrainStep
    assert type(find_test_step(model, compiled)) is TestStep
    assert type(find_predict_step(model)) is PredictStep
    assert compiled.steps == {}


def test_a_model_that_was_not_compiled_predicts_by_a_plain_step() -> None:
    assert type(find_predict_step(Sequential([Input((2,)), Dense(1)]))) is PredictStep


def test_compiled_steps_of_each_kind_are_kept_from_call_to_call() -> None:
    model, compiled, optimizer = make_model(jit=True)
    train, test = find_train_step(model, compiled, optimizer), find_test_step(model, compiled)
    predict = find_predict_step(model)
    assert {type(each) for each in (train, test, predict)} == {JitStep}
    assert len({id(each) for each in (train, test, predict)}) == 3
    assert find_train_step(model, compiled, optimizer) is train
    assert find_test_step(model, compiled) is test
    assert find_predict_step(model) is predict
    assert measure_compile_time(compiled) == 0  # none has run


def test_another_optimizer_or_a_frozen_layer_needs_another_training_step() -> None:
    model, compiled, optimizer = make_model(jit=True)
    first, test = find_train_step(model, compiled, optimizer), find_test_step(model, compiled)
    other = torch.optim.SGD(model.parameters(), lr=0.1)
    second = find_train_step(model, compiled, other)
    assert second is not first
    next(model.parameters()).requires_grad_(False)
    assert find_train_step(model, compiled, other) is not second
    assert find_test_step(model, compiled) is test


def test_an_optimizer_with_hooks_runs_plainly_and_warns_once() -> None:
    model, compiled, optimizer = make_model(jit=True)
    optimizer.register_step_post_hook(lambda *_: None)
    with pytest.warns(EagerStepWarning, match="no list of tensor operations, or it has hooks"):
        assert type(find_train_step(model, compiled, optimizer)) is TrainStep
    assert type(find_train_step(model, compiled, optimizer)) is TrainStep  # warnings are errors
    assert measure_compile_time(compiled) == 0


def test_the_compile_time_is_the_sum_over_the_compiled_steps() -> None:
    model, compiled, optimizer = make_model(jit=True)
    for seconds, step in [
        (0.5, find_train_step(model, compiled, optimizer)),
        (0.25, find_predict_step(model)),
    ]:
        assert isinstance(step, JitStep)
        step.seconds = seconds
    assert measure_compile_time(compiled) == 0.75


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [True, "auto"])
def test_a_compiled_model_is_freed_without_the_garbage_collector(jit_compile: bool | str) -> None:
    x, y = np.zeros((32, 2), "float32"), np.zeros((32, 1), "float32")
    model = Sequential([Input((2,)), Dense(3), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"], jit_compile=jit_compile)
    gc.collect()
    gc.disable()
    try:
        model.fit(x, y, batch_size=4, verbose=0, validation_data=(x, y))
        model.evaluate(x, y, batch_size=4, verbose=0)
        model.predict(x, batch_size=4, verbose=0)
        links = [weakref.ref(part) for part in (model, model.optimizer, model.layers[0].kernel)]
        del model
        assert [link() for link in links] == [None, None, None]
    finally:
        gc.enable()


def test_graphs_stay_from_run_to_run(compiled_graphs: list[int]) -> None:
    x, y = np.ones((16, 2), "float32"), np.ones((16, 1), "float32")
    model = Sequential([Input((2,)), Dense(3), Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    first = model.fit(x, y, batch_size=4, verbose=0).history["loss"]
    model.evaluate(x, y, batch_size=4, verbose=0)
    count = len(compiled_graphs)
    assert count >= 2
    second = model.fit(x, y, batch_size=4, verbose=0).history["loss"]
    model.evaluate(x, y, batch_size=4, verbose=0)
    assert len(compiled_graphs) == count
    assert second < first


def test_an_evaluation_within_an_evaluation_leaves_the_step_to_the_outer_one() -> None:
    x, y = np.ones((16, 2), "float32"), np.ones((16, 1), "float32")
    model = Sequential([Input((2,)), Dense(3), Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    expected = model.evaluate(x, y, batch_size=4, verbose=0)

    class Again(Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            model.predict(x, verbose=0)
            found.append(model.evaluate(x, y, batch_size=16, verbose=0))

    found: list[float] = []
    model.evaluate(x, y, batch_size=4, verbose=0, callbacks=[Again()])
    assert found == pytest.approx([expected] * 4)
