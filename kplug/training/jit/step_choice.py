"""Chooses a model's step, plain or compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from kplug.errors import ContractError
from kplug.optimizers.adapt import needs_gradient_graph
from kplug.training.compiled import Compiled, StepCache
from kplug.training.distribution.world import find_world
from kplug.training.model_protocol import TrainableModel
from kplug.training.step.custom_steps import find_custom_step
from kplug.training.step.standard_steps import (
    PredictStep,
    StepFunction,
    TestStep,
    TrainStep,
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

    def make_step() -> TrainStep:
        return make_train_step(model, compiled, optimizer)

    trained = [id(each) for each in model.parameters() if each.requires_grad]
    step = _find(model, compiled, ("train", id(optimizer), *trained), make_step)
    return step or make_step()


def find_test_step(model: TrainableModel, compiled: Compiled) -> StepFunction:
    """Return the step of ``evaluate``."""
    custom = find_custom_step(model, "test")
    if custom is not None:
        return custom
    step = _find(model, compiled, ("test",), lambda: make_test_step(model, compiled))
    return step or make_test_step(model, compiled, has_fixed_weights=True)


def find_predict_step(model: TrainableModel) -> StepFunction:
    """Return the step of ``predict``."""
    custom = find_custom_step(model, "predict")
    if custom is not None:
        return custom
    step, compiled = None, model.compiled
    if compiled is not None and compiled.jit_compile:
        step = _find(model, compiled, ("predict",), lambda: PredictStep(model))
    return step or PredictStep(model)


def _find(
    model: TrainableModel,
    compiled: Compiled,
    key: tuple[Any, ...],
    make_step: Callable[[], TrainStep | TestStep | PredictStep],
) -> StepFunction | None:
    """Return the compiled step for the same layers, or None to run eagerly."""
    if not compiled.jit_compile:
        return None
    # `import kplug.models` does without the modules that trace and compile.
    from kplug.training.jit.cached_steps import find_jit_step

    return find_jit_step(model, compiled, key, make_step)


def measure_compile_time(compiled: Compiled) -> float:
    """Return the seconds spent on tracing and compiling the steps of a model."""
    steps: list[Any] = [step for _, step in compiled.steps.values() if step is not None]
    return sum(step.seconds for step in steps) or 0.0


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
