"""From the arguments of ``fit``, ``evaluate`` and ``predict`` to a run that can start."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kplug.arguments import require_integer
from kplug.backend.processes import is_main_process
from kplug.callbacks import Callback, CallbackList, History
from kplug.errors import NotCompiledError
from kplug.registry import resolve
from kplug.training.compiled import Compiled
from kplug.training.data.batches import (
    check_targets,
    closing_sources,
    make_array_source,
    make_source,
    training_sources,
)
from kplug.training.data.class_weights import weigh_classes
from kplug.training.data.samples import as_samples
from kplug.training.distribution.batch_shares import share_source
from kplug.training.distribution.world import find_world, reporting_lost_workers
from kplug.training.loops.evaluate import run_evaluation
from kplug.training.loops.fit import FitRun, describe_no_batch, run_epochs, run_one_step
from kplug.training.loops.predict import run_prediction
from kplug.training.optimizer import prepare_optimizer
from kplug.training.reports.profiling import profile_steps
from kplug.training.reports.progress_bar import ProgressDisplay, check_verbose

_COUNT = "an integer >= 1"


def require_compiled(model: Any, method: str) -> Compiled:
    """Return what ``compile`` made of a model.

    Raises:
        NotCompiledError: If it was not called.
    """
    compiled: Compiled | None = model.compiled
    if compiled is None:
        raise NotCompiledError(
            f"{method}: model {model.name!r} is not compiled, so it has no loss and no optimizer",
            hint=f"Call model.compile(optimizer='adam', loss='mean_squared_error') before {method}.",
        )
    return compiled


@dataclass(frozen=True)
class FitSettings:
    """The arguments of ``fit``, as ``Model.fit`` documents them."""

    x: Any
    y: Any = None
    batch_size: int | None = None
    epochs: int = 1
    verbose: int | str = "auto"
    callbacks: object = None
    validation_split: float = 0.0
    validation_data: Any = None
    shuffle: bool = True
    class_weight: Mapping[int, float] | None = None
    sample_weight: Any = None
    initial_epoch: int = 0
    steps_per_epoch: int | None = None
    validation_steps: int | None = None
    validation_batch_size: int | None = None
    validation_freq: int | Collection[int] = 1
    profile: str | os.PathLike[str] | None = None


def fit(model: Any, request: FitSettings) -> History:
    """Check the arguments and the data, build what is not built yet, and train."""
    compiled = require_compiled(model, "fit")
    verbose = check_verbose(request.verbose)
    require_integer("fit", "epochs", request.epochs, _COUNT, at_least=1)
    _check_steps("fit", "steps_per_epoch", request.steps_per_epoch)
    require_integer("fit", "initial_epoch", request.initial_epoch, "an integer >= 0", at_least=0)
    _check_steps("fit", "validation_steps", request.validation_steps)
    callbacks = list_callbacks(request.callbacks)
    world = find_world()
    training, validation = training_sources(model, compiled, request)
    optimizer = prepare_optimizer(model, "fit")
    steps = request.steps_per_epoch
    per_epoch = steps if steps is not None else training.steps
    params = {
        "verbose": verbose,
        "epochs": request.epochs,
        "steps": per_epoch,
        "do_validation": validation is not None,
    }
    trace = request.profile if is_main_process() else None
    with (
        reporting_lost_workers(world),
        closing_sources(training, validation),
        profile_steps(trace, _count_executions(request, per_epoch, compiled)) as recorders,
    ):
        run = FitRun(
            model=model,
            compiled=compiled,
            optimizer=optimizer,
            source=share_source(training, world),
            epochs=request.epochs,
            initial_epoch=request.initial_epoch,
            steps=steps,
            callbacks=CallbackList([*callbacks, *recorders, History()], model, params),
            display=ProgressDisplay(verbose if is_main_process() else 0),
            validation=None if validation is None else share_source(validation, world),
            validation_steps=request.validation_steps,
            validation_epochs=_epochs_to_validate(request.validation_freq),
        )
        return run_epochs(run)


def _count_executions(
    request: FitSettings, per_epoch: int | None, compiled: Compiled
) -> int | None:
    """Return how often callbacks will be told of a step, or None if only the end will tell."""
    if per_epoch is None:
        return None
    return -(-per_epoch // compiled.steps_per_execution) * (request.epochs - request.initial_epoch)


def evaluate(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int | None,
    verbose: int | str,
    sample_weight: Any,
    steps: int | None,
    callbacks: object,
) -> dict[str, float]:
    """Check the data and return loss and metrics by name."""
    compiled = require_compiled(model, "evaluate")
    verbose = check_verbose(verbose, "evaluate")
    display = ProgressDisplay(verbose if is_main_process() else 0)
    _check_steps("evaluate", "steps", steps)
    watchers = list_callbacks(callbacks)
    source = make_source(model, "evaluate", x, y, sample_weight, batch_size, steps)
    check_targets(compiled, source, "evaluate")
    shared = share_source(source, find_world())
    params = {"verbose": verbose, "epochs": 1, "steps": steps}
    callback_list = CallbackList(watchers, model, params)
    with closing_sources(source):
        logs = run_evaluation(model, compiled, shared, steps, callback_list, display)
    if not logs:
        raise describe_no_batch("evaluate")
    return logs


def predict(
    model: Any,
    x: Any,
    *,
    batch_size: int | None,
    verbose: int | str,
    steps: int | None,
    callbacks: object,
) -> Any:
    """Check the data and return the model's outputs."""
    verbose = check_verbose(verbose, "predict")
    display = ProgressDisplay(verbose if is_main_process() else 0)
    _check_steps("predict", "steps", steps)
    params = {"verbose": verbose, "epochs": 1, "steps": steps}
    callback_list = CallbackList(list_callbacks(callbacks), model, params)
    source = make_source(model, "predict", x, None, None, batch_size, steps)
    with closing_sources(source):
        return run_prediction(model, source, steps, callback_list, display)


def train_on_batch(
    model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None
) -> dict[str, float]:
    """Make one update from one batch; return its loss, before the update, and its metrics."""
    compiled = require_compiled(model, "train_on_batch")
    samples = as_samples(model, "train_on_batch", x, y, sample_weight)
    if class_weight is not None:
        samples = weigh_classes(samples, class_weight)
    source = make_array_source(model, "train_on_batch", samples, len(samples))
    check_targets(compiled, source, "train_on_batch")
    optimizer = prepare_optimizer(model, "train_on_batch")
    batch = next(source.batches())
    return run_one_step(model, compiled, optimizer, batch, len(samples))


def evaluate_on_batch(model: Any, x: Any, y: Any, sample_weight: Any) -> dict[str, float]:
    """Return losses and metrics of one batch."""
    compiled = require_compiled(model, "test_on_batch")
    samples = as_samples(model, "test_on_batch", x, y, sample_weight)
    source = make_array_source(model, "test_on_batch", samples, len(samples))
    check_targets(compiled, source, "test_on_batch")
    return run_evaluation(model, compiled, source)


def predict_on_batch(model: Any, x: Any) -> Any:
    """Return the outputs for one batch."""
    samples = as_samples(model, "predict_on_batch", x)
    source = make_array_source(model, "predict_on_batch", samples, len(samples))
    return run_prediction(model, source)


def list_callbacks(callbacks: object) -> list[Callback]:
    """Resolve the callbacks of one call: None, one, or a list of names, specs and instances."""
    if callbacks is None:
        return []
    given = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    return [
        resolve("callback", each, where=f"callbacks[{index}]").object
        for index, each in enumerate(given)
    ]


def _check_steps(method: str, argument: str, steps: object) -> None:
    if steps is not None:
        require_integer(method, argument, steps, _COUNT, at_least=1)


def _epochs_to_validate(frequency: int | Collection[int]) -> Any:
    """Return a function of the epoch, counted from 1: does it end with a validation?"""
    if isinstance(frequency, Collection) and not isinstance(frequency, str):
        return frozenset(frequency).__contains__
    allowed = f"{_COUNT}, or a list of epochs"
    period = require_integer("fit", "validation_freq", frequency, allowed, at_least=1)
    return lambda epoch: epoch % period == 0
