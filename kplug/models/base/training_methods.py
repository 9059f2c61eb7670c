"""The methods of a model that train it and compute with it: ``compile``, ``fit``, ``evaluate``, ``predict``.

Each is a function whose first argument is the model; ``Model`` has them as its methods.
"""
# ruff: noqa: A001, D417, PT028 - methods: they have Keras's names, and self needs no words

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

import torch

from kplug.callbacks import History
from kplug.component_types import CallbacksArgument, LossArgument, MetricsArgument, OptimizerLike
from kplug.layers.base.tracked_containers import require_initialized
from kplug.models.base.method_arguments import explaining_arguments
from kplug.training import methods
from kplug.training.compiled import DEFAULT_OPTIMIZER, compile_model
from kplug.training.devices import place_model
from kplug.training.model_protocol import TrainableModel
from kplug.training.settings import FitSettings, InferenceSettings
from kplug.training.step.own_steps import require_own_scaling


@explaining_arguments
def compile(
    self: TrainableModel,
    optimizer: OptimizerLike = DEFAULT_OPTIMIZER,
    loss: LossArgument = None,
    *,
    metrics: MetricsArgument = None,
    weighted_metrics: MetricsArgument = None,
    loss_weights: object = None,
    precision: str | None = None,
    distribution: str | None = None,
    device: torch.device | str | None = "auto",
    jit_compile: bool | str = False,
    steps_per_execution: int = 1,
    run_eagerly: bool = False,
) -> None:
    """Resolve every component of the model and prepare it for training.

    Weights that exist are kept; the optimizer starts anew. Nothing changes if something is
    wrong.

    Args:
        optimizer: Name, spec, dict, class, factory or instance; RMSprop by default.
        loss: The same; None for a model that only has penalties, or that is only evaluated. For
            several outputs one for all, a list with one for each, or a dict by their names; an
            output with None, or that the dict leaves out, has no loss.
        metrics: One metric, or a list of them. For several outputs a list with an entry for each,
            or a dict by their names; an entry is None, a metric or a list.
        weighted_metrics: Metrics that see the sample and class weights, likewise.
        loss_weights: Factor of the loss; for several outputs a list, or a dict by their names.
        precision: ``"bf16"`` or ``"fp16"`` lets the model compute in reduced precision, by
            ``torch.autocast``; weights, loss, metrics and predictions stay float32. With ``"fp16"``
            the optimizer is wrapped in ``LossScaleOptimizer`` unless it scales the loss itself. None is
            what ``config.dtype_policy()`` says.
        distribution: What several processes that ``torchrun`` started share: None for a copy of the
            model in each (DDP), ``"fsdp"`` for a part of every weight in each (FSDP2).
        device: Where the model is moved to, now or when it has its weights: ``"auto"`` takes CUDA, MPS
            or the CPU, whichever is there, unless the model was moved to a GPU already; a device
            as torch writes it, such as ``"cuda:1"``; None leaves the model where it is.
        jit_compile: Whether ``fit``, ``evaluate`` and ``predict`` run each step as one graph that
            ``torch.compile`` made; ``"auto"`` compiles beside the training, where that is worth it;
            ``"reduce-overhead"`` replays the graph as a CUDA graph on a GPU. docs/performance.md says
            what it gains.
        steps_per_execution: How many steps are run in one go; callbacks then see every so many
            batches, as in Keras.
        run_eagerly: Switches ``jit_compile`` off, to look into a step with a debugger.

    Raises:
        ContractError: ``precision`` is ``"fp16"``, and the class writes ``train_step`` itself.
        KplugError: The one problem found.
        SeveralProblemsError: All problems of the model, if there are several.

    Reference:
        Keras 2 and Keras 3 disagree on what the third positional argument is, so here all
        after ``loss`` are given by keyword. ``compile(loss=None)`` replaces an earlier loss
        (Keras 3.15 keeps it).
    """
    require_initialized(self)
    compiled = compile_model(
        self,
        optimizer,
        loss,
        metrics=metrics,
        weighted_metrics=weighted_metrics,
        loss_weights=loss_weights,
        precision=precision,
        distribution=distribution,
        device=device,
        jit_compile=jit_compile,
        steps_per_execution=steps_per_execution,
        run_eagerly=run_eagerly,
    )
    require_own_scaling(self, compiled.precision)
    if self.find_input_shape() is not None:
        self.ensure_built()
    self.compiled, self.built_optimizer = compiled, None
    if self.built:
        place_model(self, compiled.device, compiled.optimizer)


@explaining_arguments
def fit(
    self: TrainableModel,
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int | str = "auto",
    callbacks: CallbacksArgument = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int | Collection[int] = 1,
    profile: str | os.PathLike[str] | None = None,
) -> History:
    """Train the model.

    Args:
        x: Inputs, shape (N, …): NumPy, torch, pandas, nested lists; several in a list, or in a
            dict by the names of the inputs. Matrices of ``scipy.sparse``, ``numpy.memmap`` and h5py
            datasets are read a few rows at a time. Or an iterable of batches: a DataLoader, a
            Dataset, a ``kplug.utils.PyDataset`` or a generator that gives ``(x, y)`` or
            ``(x, y, sample_weight)``; a generator runs in a thread, a few batches ahead.
        y: Targets, shape (N,) or (N, …); for several outputs a list, or a dict by their names.
        batch_size: Samples per step; if not given, 32, or with ``steps_per_epoch`` what makes one pass
            an epoch.
        epochs: Number of the last epoch.
        verbose: 0 silent, 1 (``"auto"``) a live bar, 2 one line per epoch. A notebook has no bar: an epoch
            leaves a line, and one of more than a second says how far it is.
        callbacks: A list of callbacks: instances, names or specs.
        validation_split: Share of the samples, taken from the end, to validate on.
        validation_data: ``(x, y)`` or ``(x, y, sample_weight)``; goes before
            ``validation_split``.
        shuffle: Draw a new order for each epoch, of samples or of the batches of a ``PyDataset``.
        class_weight: Weight >= 0 by class id, for a model with one output; missing classes weigh 1.
        sample_weight: Weight of each sample, shape (N,); for several outputs one array for all,
            a list, or a dict by their names. It may be negative, as in Keras: the advantage of an
            action in policy gradients.
        initial_epoch: Epochs that an earlier call has done.
        steps_per_epoch: Steps in an epoch; None for a pass over the data. An epoch begins where the one
            before it ended; where the data end inside it, it goes on with the next pass.
        validation_steps: Steps in a validation; None for a pass.
        validation_batch_size: ``batch_size`` if not given.
        validation_freq: Validate every so many epochs, or after the epochs listed, from 1.
        profile: A file for a trace of 20 steps after the first few, in Chrome's trace format:
            ``chrome://tracing`` and ``ui.perfetto.dev`` show it.

    Returns:
        The History: logs per epoch.

    Raises:
        NotCompiledError: Before ``compile``.
        DataError: If the arrays do not fit the model or each other.
        LossWithoutGradientError: If the loss cannot train the model.
    """
    settings = FitSettings(
        x=x,
        y=y,
        batch_size=batch_size,
        epochs=epochs,
        verbose=verbose,
        callbacks=callbacks,
        validation_split=validation_split,
        validation_data=validation_data,
        shuffle=shuffle,
        class_weight=class_weight,
        sample_weight=sample_weight,
        initial_epoch=initial_epoch,
        steps_per_epoch=steps_per_epoch,
        validation_steps=validation_steps,
        validation_batch_size=validation_batch_size,
        validation_freq=validation_freq,
        profile=profile,
    )
    self.history = methods.fit(self, settings)
    return self.history


@explaining_arguments
def evaluate(
    self: TrainableModel,
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    verbose: int | str = "auto",
    sample_weight: Any = None,
    steps: int | None = None,
    callbacks: CallbacksArgument = None,
    return_dict: bool = False,
) -> Any:
    """Return the loss and the metrics on data.

    Args:
        x: Inputs, as for ``fit``.
        y: Targets.
        batch_size: Samples per step; if not given, 32, or what makes ``steps`` of all samples.
        verbose: As for ``fit``.
        sample_weight: Weight of each sample.
        steps: Number of batches; None for all.
        callbacks: A list of callbacks.
        return_dict: Return a dict by name, in the order of the alphabet.

    Returns:
        The loss; or a list in the order of ``metrics_names``; or a dict. With several losses each
        one follows the total, as ``<output>_loss``, and metrics are ``<output>_<metric>``.
    """
    settings = InferenceSettings(
        "evaluate", x, y, sample_weight, batch_size, verbose, steps, callbacks
    )
    found = methods.evaluate(self, settings)
    return _as_result(found, return_dict)


@explaining_arguments
def predict(
    self: TrainableModel,
    x: Any,
    batch_size: int | None = None,
    verbose: int | str = "auto",
    steps: int | None = None,
    callbacks: CallbacksArgument = None,
) -> Any:
    """Return the outputs for inputs.

    Args:
        x: Inputs, as for ``fit``.
        batch_size: Samples per step; if not given, 32, or what makes ``steps`` of all samples.
        verbose: As for ``fit``.
        steps: Number of batches; None for all.
        callbacks: A list of callbacks.

    Returns:
        A NumPy array with the samples on its first axis; for a model with several outputs a list
        or dict of them, as the model returns them.
    """
    settings = InferenceSettings(
        "predict", x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks
    )
    return methods.predict(self, settings)


@explaining_arguments
def train_on_batch(
    self: TrainableModel,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    return_dict: bool = False,
) -> Any:
    """Make one update; return this batch's loss before it, and its metrics."""
    found = methods.train_on_batch(self, x, y, sample_weight, class_weight)
    return _as_result(found, return_dict)


@explaining_arguments
def test_on_batch(
    self: TrainableModel,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    return_dict: bool = False,
) -> Any:
    """Return loss and metrics of one batch."""
    found = methods.evaluate_on_batch(self, x, y, sample_weight)
    return _as_result(found, return_dict)


@explaining_arguments
def predict_on_batch(self: TrainableModel, x: Any) -> Any:
    """Return the outputs for one batch."""
    return methods.predict_on_batch(self, x)


def _as_result(found: dict[str, float], return_dict: bool) -> Any:
    if return_dict:
        return dict(sorted(found.items()))
    values = list(found.values())
    return values[0] if len(values) == 1 else values
