"""The checked arguments of ``fit``, ``evaluate`` and ``predict``, as one object."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kplug.arguments import require_integer
from kplug.training.reports.progress_bar import check_verbose

_COUNT = "an integer >= 1"


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
    """The arguments of ``fit``, as ``Model.fit`` documents them.

    Raises:
        ArgumentValueError: If a number is out of its range.
    """

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
class InferenceSettings:
    """The arguments of ``evaluate`` or ``predict``, as ``Model`` documents them.

    Raises:
        ArgumentValueError: If a number is out of its range.
    """

    method: Literal["evaluate", "predict"]
    x: Any
    y: Any = None
    sample_weight: Any = None
    batch_size: int | None = None
    verbose: int | str = "auto"
    steps: int | None = None
    callbacks: object = None

    def __post_init__(self) -> None:
        check_verbose(self.verbose, self.method)
        _check_steps(self.method, "steps", self.steps)

    @property
    def data(self) -> DataArguments:
        """The data to compute on."""
        return DataArguments(
            self.method, self.x, self.y, self.sample_weight, self.batch_size, self.steps
        )


def _check_steps(method: str, argument: str, steps: object) -> None:
    if steps is not None:
        require_integer(method, argument, steps, _COUNT, at_least=1)


def _is_list_of_epochs(frequency: object) -> bool:
    return isinstance(frequency, Collection) and not isinstance(frequency, str)
