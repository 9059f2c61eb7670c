"""Chooses a model's step, plain or compiled, and caches compiled ones across calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from kplug.errors import ContractError
from kplug.optimizers.adapt import needs_gradient_graph
from kplug.training.compiled import Compiled, StepCache
from kplug.training.distribution.world import find_world
from kplug.training.execution_options import AUTO
from kplug.training.jit.auto_step import AutoStep
from kplug.training.jit.fallback_to_eager import EagerFallback
from kplug.training.jit.jit_step import JitStep
from kplug.training.jit.programs import Program, make_train_program
from kplug.training.model_protocol import TrainableModel
from kplug.training.step.custom_steps import find_custom_step
from kplug.training.step.standard_steps import (
    PredictStep,
    StepFunction,
    make_test_step,
    make_train_step,
)


def find_train_step(
    model: TrainableModel, compiled: Compiled, optimizer: torch.optim.Optimizer | None
) -> StepFunction:
    """Return the training step; a compiled one is the same in every call of ``fit``.

    Raises:
        ContractError: if the optimizer differentiates the gradients, and there are several processes.
    """
    custom = find_custom_step(model, "train")
    if custom is not None:
        return custom
    world = find_world()
    if world is not None and needs_gradient_graph(optimizer):
        raise ContractError(
            f"{type(optimizer).__name__} differentiates the gradients, which several processes average "
            "outside the graph",
            hint="Train in one process, or with an optimizer that takes the gradients as they are.",
        )
    if compiled.distribution == "fsdp" and world is not None and optimizer is not None:
        # Importing FSDP2 takes a second.
        from kplug.training.step.fsdp_step import ShardedStep

        return ShardedStep(model, compiled, optimizer, world)

    def make_program() -> Program | None:
        return make_train_program(make_train_step(model, compiled, optimizer))

    trained = [id(each) for each in model.parameters() if each.requires_grad]
    step = _find(model, compiled, ("train", id(optimizer), *trained), make_program)
    return step or make_train_step(model, compiled, optimizer)


def find_test_step(model: TrainableModel, compiled: Compiled) -> StepFunction:
    """Return the step of ``evaluate``."""
    custom = find_custom_step(model, "test")
    if custom is not None:
        return custom
    step = _find(model, compiled, ("test",), lambda: Program(make_test_step(model, compiled)))
    return step or make_test_step(model, compiled, has_fixed_weights=True)


def find_predict_step(model: TrainableModel) -> StepFunction:
    """Return the step of ``predict``."""
    custom = find_custom_step(model, "predict")
    if custom is not None:
        return custom
    step, compiled = None, model.compiled
    if compiled is not None and compiled.jit_compile:
        step = _find(model, compiled, ("predict",), lambda: Program(PredictStep(model)))
    return step or PredictStep(model)


def _find(
    model: TrainableModel,
    compiled: Compiled,
    key: tuple[Any, ...],
    make_program: Callable[[], Program | None],
) -> JitStep | None:
    """Return the cached compiled step for the same layers, or make it; None to run eagerly."""
    if not compiled.jit_compile:
        return None
    kind, key = key[0], (*key, *map(id, model.modules()))
    known, step = compiled.steps.get(kind, (None, None))
    if known == key and step is not None and step.is_released:
        program = make_program()
        known = key if program is not None else None
        if program is not None:
            step.program = program
    if known != key:
        program, fallback = make_program(), EagerFallback(_TITLES[kind], model, compiled)
        fallback.check_start(has_program=program is not None)
        step = None
        if program is not None and not fallback.is_eager:
            kind_of_step = AutoStep if compiled.jit_compile == AUTO else JitStep
            step = kind_of_step(program, fallback)
        compiled.steps[kind] = key, step
    found: JitStep | None = step
    return found


_TITLES = {"train": "training step", "test": "evaluation step", "predict": "prediction step"}


def measure_compile_time(compiled: Compiled) -> float:
    """Return the seconds spent on tracing and compiling the steps of a model."""
    steps = [step for _, step in compiled.steps.values()]
    return sum(step.seconds for step in steps if isinstance(step, JitStep))


def releasing_steps(compiled: Compiled | None, *kinds: str) -> AbstractContextManager[None]:
    """Release the steps of some kinds when the outermost run that uses them ends, also after an error."""
    if compiled is None or not compiled.jit_compile:
        return nullcontext()
    return _releasing(compiled.steps, kinds)


@contextmanager
def _releasing(cache: StepCache, kinds: Sequence[str]) -> Iterator[None]:
    cache.runs.update(kinds)
    try:
        yield
    finally:
        cache.runs.subtract(kinds)
        for _, step in [cache[kind] for kind in kinds if kind in cache and not cache.runs[kind]]:
            if step is not None:
                step.release()
