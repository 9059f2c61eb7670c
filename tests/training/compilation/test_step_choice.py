"""Which step a model runs, and when a compiled one is kept."""

from __future__ import annotations

import pytest
import torch

from kplug.errors import EagerStepWarning
from kplug.layers import Dense, Input
from kplug.models import Sequential
from kplug.training.compilation.compiled_step import CompiledStep
from kplug.training.compilation.step_choice import (
    find_predict_step,
    find_test_step,
    find_train_step,
    measure_compile_time,
)
from kplug.training.compiled import Compiled
from kplug.training.step.steps import PredictStep, TestStep, TrainStep


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
    assert {type(each) for each in (train, test, predict)} == {CompiledStep}
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
        assert isinstance(step, CompiledStep)
        step.seconds = seconds
    assert measure_compile_time(compiled) == 0.75
