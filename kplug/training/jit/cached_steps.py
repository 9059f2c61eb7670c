"""Caches a model's compiled steps across calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kplug.training.compiled import Compiled
from kplug.training.execution_options import AUTO
from kplug.training.jit.auto_step import AutoStep
from kplug.training.jit.fallback_to_eager import EagerFallback
from kplug.training.jit.jit_step import JitStep
from kplug.training.jit.programs import Program, make_train_program
from kplug.training.model_protocol import TrainableModel
from kplug.training.step.standard_steps import PredictStep, TestStep, TrainStep

_TITLES = {"train": "training step", "test": "evaluation step", "predict": "prediction step"}


def find_jit_step(
    model: TrainableModel,
    compiled: Compiled,
    key: tuple[Any, ...],
    make_step: Callable[[], TrainStep | TestStep | PredictStep],
) -> JitStep | None:
    """Return the cached compiled step for the same layers, or make it; None to run eagerly.

    Args:
        model: The model.
        compiled: Its compiled side, with the cache.
        key: The kind of step, and the further objects that it is for.
        make_step: Makes the eager step.
    """
    kind, key = key[0], (*key, *map(id, model.modules()))
    known, step = compiled.steps.get(kind, (None, None))
    if known == key and step is not None and step.is_released:
        program = _make_program(make_step())
        known = key if program is not None else None
        if program is not None:
            step.program = program
    if known != key:
        program, fallback = (
            _make_program(make_step()),
            EagerFallback(_TITLES[kind], model, compiled),
        )
        fallback.check_start(has_program=program is not None)
        step = None
        if program is not None and not fallback.is_eager:
            kind_of_step = AutoStep if compiled.jit_compile == AUTO else JitStep
            step = kind_of_step(program, fallback)
        compiled.steps[kind] = key, step
    found: JitStep | None = step
    return found


def _make_program(step: TrainStep | TestStep | PredictStep) -> Program | None:
    return make_train_program(step) if isinstance(step, TrainStep) else Program(step)
