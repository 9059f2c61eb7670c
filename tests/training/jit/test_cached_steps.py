"""Compiled steps, kept from call to call."""

from __future__ import annotations

import torch

from kplug.layers import Dense, Input
from kplug.models import Sequential
from kplug.training.jit.auto_step import AutoStep
from kplug.training.jit.cached_steps import find_jit_step
from kplug.training.jit.jit_step import JitStep
from kplug.training.jit.programs import Program
from kplug.training.step.standard_steps import PredictStep, make_train_step


def test_a_released_step_is_the_same_with_another_program() -> None:
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    assert model.compiled is not None
    made: list[PredictStep] = []

    def make_step() -> PredictStep:
        made.append(PredictStep(model))
        return made[-1]

    step = find_jit_step(model, model.compiled, ("predict",), make_step)
    assert isinstance(step, JitStep)
    assert find_jit_step(model, model.compiled, ("predict",), make_step) is step
    assert len(made) == 1
    step.release()
    assert find_jit_step(model, model.compiled, ("predict",), make_step) is step
    assert len(made) == 2
    assert step.program.step is made[1]


def test_a_step_that_trains_has_a_program_of_its_own() -> None:
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse", jit_compile="auto")
    compiled, optimizer = model.compiled, torch.optim.SGD(model.parameters(), lr=0.1)
    assert compiled is not None
    step = find_jit_step(
        model, compiled, ("train",), lambda: make_train_step(model, compiled, optimizer)
    )
    assert isinstance(step, AutoStep)
    assert type(step.program) is not Program
