"""The arguments of ``compile``, ``fit``, ``evaluate`` and ``predict``, each declared in one place.

``Model``'s methods take their parameters and descriptions from these classes, in the order of the fields.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import torch

from kplug.backend.global_settings import is_interactive_logging_enabled
from kplug.components.arguments import require_integer
from kplug.components.types import CallbacksArgument, LossArgument, MetricsArgument, OptimizerLike
from kplug.errors import ArgumentValueError

# Qualified, so that no plugin changes the default optimizer.
DEFAULT_OPTIMIZER = "kplug/rmsprop"
_COUNT = "an integer >= 1"


@dataclass(frozen=True)
class CompileSettings:
    """The arguments of ``compile``, which resolves every component of the model.

    Args:
        optimizer: Name, spec, dict, class, factory or instance; RMSprop by default.
        loss: The same; None for a model that only has penalties, or that is only evaluated. For
            several outputs one for all, a list with one for each, or a dict by their names; an
            output with None, or missing from the dict, has no loss.
        metrics: One metric, or a list of them. For several outputs a list with an entry for each,
            or a dict by their names; an entry is None, a metric or a list.
        weighted_metrics: Metrics that see the sample and class weights, likewise.
        loss_weights: Factor of the loss; for several outputs a list, or a dict by their names.
        precision: ``"bf16"`` or ``"fp16"`` lets the model compute in reduced precision, by
            ``torch.autocast``; weights, loss, metrics and predictions stay float32. With ``"fp16"``
            the optimizer is wrapped in ``LossScaleOptimizer`` unless it scales the loss itself. None
            uses ``config.dtype_policy()``.
        distribution: The distribution over processes started by ``torchrun``: None replicates the
            model in each (DDP), ``"fsdp"`` shards every weight (FSDP2).
        device: The model's device, now or once it has weights: ``"auto"`` selects CUDA, MPS or the
            CPU, whichever is available, unless the model is on a GPU already; a device
            as torch writes it, such as ``"cuda:1"``; None leaves the model where it is.
        jit_compile: Whether ``fit``, ``evaluate`` and ``predict`` run each step as one graph of
            ``torch.compile``; ``"auto"`` compiles in the background, if worthwhile;
            ``"reduce-overhead"`` replays the graph as a CUDA graph on a GPU. docs/performance.md
            shows the gains.
        steps_per_execution: The number of steps per execution; callbacks run once per execution,
            as in Keras.
        run_eagerly: Disables ``jit_compile``, for example for debugging.
    """

    # ``compile_model`` checks them, to report all problems at once.
    optimizer: OptimizerLike = DEFAULT_OPTIMIZER
    loss: LossArgument = None
    _: KW_ONLY
    metrics: MetricsArgument = None
    weighted_metrics: MetricsArgument = None
    loss_weights: object = None
    precision: str | None = None
    distribution: str | None = None
    device: torch.device | str | None = "auto"
    jit_compile: bool | str = False
    steps_per_execution: int = 1
    run_eagerly: bool = False


@dataclass(frozen=True)
class DataArguments:
    """Data as passed to a method.

    At most ``limit`` batches of an iterable are read; arrays without a batch size are split into that many.
    """

    method: str
    x: Any
    y: Any = None
    sample_weight: Any = None
    batch_size: int | None = None
    limit: int | None = None
    class_weight: Mapping[int, float] | None = None
    shuffle: bool = False


@dataclass(frozen=True)
class FitSettings:
    """The arguments of ``fit``, which trains the model.

    Args:
        x: Inputs, shape (N, …): NumPy, torch, pandas, nested lists; several in a list, or in a
            dict by the names of the inputs. Matrices of ``scipy.sparse``, ``numpy.memmap`` and h5py
            datasets are read a few rows at a time. Or an iterable of batches: a DataLoader, a
            Dataset, a ``kplug.utils.PyDataset`` or a generator that gives ``(x, y)`` or
            ``(x, y, sample_weight)``; a generator runs in a thread, a few batches ahead.
        y: Targets, shape (N,) or (N, …); for several outputs a list, or a dict by their names.
        batch_size: Samples per step; by default 32, or with ``steps_per_epoch`` the size that makes
            one pass an epoch.
        epochs: Number of the last epoch.
        verbose: 0 silent, 1 (``"auto"``) a live bar, 2 one line per epoch. A notebook shows one line
            per epoch instead of a bar, with progress in epochs longer than a second.
        callbacks: A list of callbacks: instances, names or specs.
        validation_split: Share of the samples, taken from the end, to validate on.
        validation_data: ``(x, y)`` or ``(x, y, sample_weight)``; overrides
            ``validation_split``.
        shuffle: Draw a new order for each epoch, of samples or of the batches of a ``PyDataset``.
        class_weight: Weight >= 0 by class id, for a model with one output; missing classes weigh 1.
        sample_weight: Weight of each sample, shape (N,); for several outputs one array for all,
            a list, or a dict by their names. It may be negative, as in Keras: the advantage of an
            action in policy gradients.
        initial_epoch: The number of epochs already trained.
        steps_per_epoch: Steps in an epoch; None for a pass over the data. An epoch begins
            where the previous one ended; if the data end inside it, it continues with the next pass.
        validation_steps: Steps in a validation; None for a pass.
        validation_batch_size: ``batch_size`` by default.
        validation_freq: Validate every so many epochs, or after the epochs listed, from 1.
        profile: A file for a trace of 20 steps after the first few, in Chrome's trace format:
            ``chrome://tracing`` and ``ui.perfetto.dev`` show it.

    Raises:
        ArgumentValueError: If a number is out of its range.
    """

    x: Any
    y: Any = None
    batch_size: int | None = None
    epochs: int = 1
    verbose: int | str = "auto"
    callbacks: CallbacksArgument = None
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

    def __post_init__(self) -> None:
        check_verbose(self.verbose)
        require_integer("fit", "epochs", self.epochs, _COUNT, at_least=1)
        _check_steps("fit", "steps_per_epoch", self.steps_per_epoch)
        require_integer("fit", "initial_epoch", self.initial_epoch, "an integer >= 0", at_least=0)
        _check_steps("fit", "validation_steps", self.validation_steps)
        if not _is_list_of_epochs(self.validation_freq):
            allowed = f"{_COUNT}, or a list of epochs"
            require_integer("fit", "validation_freq", self.validation_freq, allowed, at_least=1)

    @property
    def epochs_left(self) -> int:
        """The number of epochs to train, unless training stops early."""
        return max(0, self.epochs - self.initial_epoch)

    @property
    def training_data(self) -> DataArguments:
        """The data to train on."""
        steps = self.steps_per_epoch
        limit = None if steps is None else steps * self.epochs_left
        return DataArguments(
            "fit",
            self.x,
            self.y,
            self.sample_weight,
            self.batch_size,
            limit,
            self.class_weight,
            self.shuffle,
        )

    def validates_after(self, epoch: int) -> bool:
        """Return whether an epoch, counted from 1, ends with a validation."""
        frequency = self.validation_freq
        return epoch in frequency if isinstance(frequency, Collection) else epoch % frequency == 0


@dataclass(frozen=True)
class EvaluateSettings:
    """The arguments of ``evaluate``, which returns the loss and the metrics on data.

    Args:
        x: Inputs, as for ``fit``.
        y: Targets.
        batch_size: Samples per step; by default 32, or the size that makes ``steps`` of all samples.
        verbose: As for ``fit``.
        sample_weight: Weight of each sample.
        steps: Number of batches; None for all.
        callbacks: A list of callbacks.
        return_dict: Return a dict by name, in alphabetical order.

    Raises:
        ArgumentValueError: If a number is out of its range.
    """

    x: Any
    y: Any = None
    batch_size: int | None = None
    verbose: int | str = "auto"
    sample_weight: Any = None
    steps: int | None = None
    callbacks: CallbacksArgument = None
    return_dict: bool = False

    def __post_init__(self) -> None:
        check_verbose(self.verbose, "evaluate")
        _check_steps("evaluate", "steps", self.steps)

    @property
    def data(self) -> DataArguments:
        """The data to evaluate on."""
        return DataArguments(
            "evaluate", self.x, self.y, self.sample_weight, self.batch_size, self.steps
        )


@dataclass(frozen=True)
class PredictSettings:
    """The arguments of ``predict``, which returns the outputs for inputs.

    Args:
        x: Inputs, as for ``fit``.
        batch_size: Samples per step; by default 32, or the size that makes ``steps`` of all samples.
        verbose: As for ``fit``.
        steps: Number of batches; None for all.
        callbacks: A list of callbacks.

    Raises:
        ArgumentValueError: If a number is out of its range.
    """

    x: Any
    batch_size: int | None = None
    verbose: int | str = "auto"
    steps: int | None = None
    callbacks: CallbacksArgument = None

    def __post_init__(self) -> None:
        check_verbose(self.verbose, "predict")
        _check_steps("predict", "steps", self.steps)

    @property
    def data(self) -> DataArguments:
        """The inputs to compute outputs for."""
        return DataArguments("predict", self.x, batch_size=self.batch_size, limit=self.steps)


def check_verbose(verbose: int | str | bool, method: str = "fit") -> int:
    """Return the verbosity, 0, 1 or 2; ``method`` is named in the error.

    ``"auto"`` means 1, or 2 after ``disable_interactive_logging()``.

    Raises:
        ArgumentValueError: If it is something else.
    """
    if verbose == "auto":
        return 1 if is_interactive_logging_enabled() else 2
    if verbose in (0, 1, 2):
        return int(verbose)
    raise ArgumentValueError(method, "verbose", verbose, "0, 1, 2 or 'auto'")


def _check_steps(method: str, argument: str, steps: object) -> None:
    if steps is not None:
        require_integer(method, argument, steps, _COUNT, at_least=1)


def _is_list_of_epochs(frequency: object) -> bool:
    return isinstance(frequency, Collection) and not isinstance(frequency, str)
