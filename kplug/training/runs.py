"""Runs one call of ``fit``, ``evaluate``, ``predict`` or a ``…_on_batch`` method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kplug.backend.processes import is_main_process
from kplug.callbacks import BackupAndRestore, Callback, CallbackList, History
from kplug.registry import resolve
from kplug.registry.spec import as_plain
from kplug.registry.user_warnings import warn
from kplug.training.allocator import ALLOCATOR
from kplug.training.compiled import Compiled
from kplug.training.compiled_model import prepare_optimizer, require_compiled
from kplug.training.data.batches import (
    check_targets,
    make_array_batches,
    make_batch,
    make_batches,
    make_fit_batches,
)
from kplug.training.data.class_weights import weigh_classes
from kplug.training.data.iterable_batches import closing_sources
from kplug.training.data.samples import as_samples
from kplug.training.distribution.agreement import require_agreement
from kplug.training.distribution.batch_shares import share_source
from kplug.training.distribution.shared_facts import (
    describe_callbacks,
    describe_model,
    describe_optimizer,
    describe_settings,
    describe_source,
)
from kplug.training.distribution.world import find_world, reporting_lost_workers
from kplug.training.jit.step_choice import releasing_steps
from kplug.training.loops.evaluate_and_predict import (
    InferenceLoop,
    predict_batch,
    run_evaluation,
    run_prediction,
)
from kplug.training.loops.fit import FitLoop, describe_no_batch, run_one_step
from kplug.training.model_protocol import TrainableModel
from kplug.training.reports.profiling import profile_steps
from kplug.training.reports.progress_bar import ProgressDisplay
from kplug.training.settings import EvaluateSettings, FitSettings, PredictSettings, check_verbose


def fit(model: TrainableModel, settings: FitSettings) -> History:
    """Check the data, build the model if necessary, and train."""
    compiled = require_compiled(model, "fit")
    if not settings.epochs_left:
        warn(
            f"fit: no epoch is left to train: initial_epoch is {settings.initial_epoch}, and epochs is the "
            f"number of the last epoch, {settings.epochs}, not how many there are"
        )
    callbacks = resolve_callbacks(settings.callbacks)
    world = find_world()
    training, validation = make_fit_batches(model, compiled, settings)
    optimizer = prepare_optimizer(model, "fit")
    steps = settings.steps_per_epoch
    per_epoch = steps if steps is not None else training.steps
    params: dict[str, Any] = {
        "verbose": check_verbose(settings.verbose),
        "epochs": settings.epochs,
        "steps": per_epoch,
        "do_validation": validation is not None,
    }
    trace = settings.profile if is_main_process() else None
    saves_at_end = any(isinstance(each, BackupAndRestore) for each in callbacks)
    with (
        ALLOCATOR,
        reporting_lost_workers(world, is_termination_deferred=saves_at_end),
        closing_sources(training, validation),
        profile_steps(trace, _count_calls(settings, per_epoch, compiled)) as recorders,
    ):
        if world is not None:
            facts = {
                **describe_settings(settings),
                **describe_model(model, compiled),
                **describe_optimizer(optimizer),
                **describe_source("data", training),
                **describe_source("validation data", validation),
                **describe_callbacks(callbacks),
            }
            require_agreement("fit", facts, world)
        loop = FitLoop(
            model,
            compiled,
            optimizer,
            settings,
            CallbackList([*_sort_by_rank(callbacks), *recorders, History()], model=model, **params),
            share_source(training, world),
            None if validation is None else share_source(validation, world),
        )
        return loop.run()


def _sort_by_rank(callbacks: Iterable[Callback]) -> list[Callback]:
    # Those of other libraries may have no rank.
    return sorted(callbacks, key=lambda each: getattr(each, "call_rank", 0))


def _count_calls(settings: FitSettings, per_epoch: int | None, compiled: Compiled) -> int | None:
    """Return the number of steps that callbacks will see, or None if unknown."""
    if per_epoch is None:
        return None
    return -(-per_epoch // compiled.steps_per_execution) * settings.epochs_left


def evaluate(model: TrainableModel, settings: EvaluateSettings) -> dict[str, float]:
    """Check the data and return loss and metrics by name."""
    compiled = require_compiled(model, "evaluate")
    callbacks = list_callbacks(model, settings)
    source = make_batches(model, settings.data)
    check_targets(model, compiled, source, "evaluate")
    world, display = find_world(), ProgressDisplay(settings.verbose)
    with (
        ALLOCATOR,
        reporting_lost_workers(world),
        closing_sources(source),
        releasing_steps(compiled, "test"),
    ):
        if world is not None:
            facts = {
                **describe_settings(settings),
                **describe_model(model, compiled),
                **describe_source("data", source),
            }
            require_agreement("evaluate", facts, world)
        shared = share_source(source, world)
        loop = InferenceLoop("test", "evaluate", shared, settings.steps, callbacks, display)
        logs = run_evaluation(model, compiled, loop)
    if not logs:
        raise describe_no_batch("evaluate")
    return logs


def predict(model: TrainableModel, settings: PredictSettings) -> Any:
    """Check the data and return the model's outputs."""
    callbacks = list_callbacks(model, settings)
    source, display = make_batches(model, settings.data), ProgressDisplay(settings.verbose)
    with ALLOCATOR, closing_sources(source), releasing_steps(model.compiled, "predict"):
        loop = InferenceLoop("predict", "predict", source, settings.steps, callbacks, display)
        outputs = run_prediction(model, loop)
    if outputs is None:
        raise describe_no_batch("predict")
    return outputs


def train_on_batch(
    model: TrainableModel,
    x: Any,
    y: Any,
    sample_weight: Any,
    class_weight: Mapping[int, float] | None,
) -> dict[str, float]:
    """Make one update from one batch; return its loss, before the update, and its metrics."""
    ALLOCATOR.keep()
    compiled = require_compiled(model, "train_on_batch")
    samples = as_samples(model, "train_on_batch", x, y, sample_weight)
    if class_weight is not None:
        samples = weigh_classes(model, samples, class_weight, is_batch=True)
    source = make_array_batches(model, "train_on_batch", samples, len(samples))
    check_targets(model, compiled, source, "train_on_batch")
    optimizer = prepare_optimizer(model, "train_on_batch")
    batch = next(source.batches())
    return run_one_step(model, compiled, optimizer, batch)


def evaluate_on_batch(
    model: TrainableModel, x: Any, y: Any, sample_weight: Any
) -> dict[str, float]:
    """Return losses and metrics of one batch."""
    ALLOCATOR.keep()
    compiled = require_compiled(model, "test_on_batch")
    samples = as_samples(model, "test_on_batch", x, y, sample_weight)
    source = make_array_batches(model, "test_on_batch", samples, len(samples))
    check_targets(model, compiled, source, "test_on_batch")
    return run_evaluation(model, compiled, InferenceLoop("test", "test_on_batch", source))


def predict_on_batch(model: TrainableModel, x: Any) -> Any:
    """Return the outputs for one batch."""
    ALLOCATOR.keep()
    samples = as_samples(model, "predict_on_batch", x)
    return predict_batch(model, make_batch(model, "predict_on_batch", samples))


def resolve_callbacks(given: object) -> list[Callback]:
    """Resolve the callbacks of one call: None, one callback, or a list of names, specs and instances."""
    if given is None:
        return []
    given = as_plain(given)
    several = given if isinstance(given, (list, tuple)) else [given]
    return [
        resolve("callback", each, where=f"callbacks[{index}]").object
        for index, each in enumerate(several)
    ]


def list_callbacks(
    model: TrainableModel, settings: EvaluateSettings | PredictSettings
) -> CallbackList:
    """Return the callbacks of an evaluation or a prediction."""
    verbose = check_verbose(settings.verbose)
    params: dict[str, Any] = {"verbose": verbose, "epochs": 1, "steps": settings.steps}
    return CallbackList(resolve_callbacks(settings.callbacks), model=model, **params)
