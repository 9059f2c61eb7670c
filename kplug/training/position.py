"""The `Position` of a process in a run of ``fit``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from kplug.layers import RNN
from kplug.training.data.batch import ResumableSource
from kplug.training.data.iterable_batches import IterableSource
from kplug.training.generators import (
    States,
    apply_generators,
    collect_generators,
    collect_held_generators,
    collect_python_generators,
)
from kplug.training.model_protocol import TrainableModel


@dataclass(frozen=True)
class Position:
    """Where a process is in a run: in the epoch, in the pass over the data and among random numbers.

    Args:
        steps: The number of steps done in the running epoch; 0 between two epochs.
        batches: The number of batches that the running pass over the training data has given.
        pass_start: The random generators at the start of this pass; empty if none is running.
        now: The random generators now. Those that a source uses ahead of the steps are left out: making the
            batches of the pass again brings them here.
        validation_batches: The number of batches that a generator of validation data has given.
        record: The running sums of the epoch's losses, or the logs of a custom step.
        metrics: The state of each metric by its name.
        layers: The states of stateful layers, by the layer's number among the modules.
        callbacks: The states that callbacks keep, by class and number.
    """

    steps: int
    batches: int
    pass_start: States
    now: States
    validation_batches: int = 0
    record: Mapping[str, Any] = field(default_factory=dict)
    metrics: Sequence[tuple[str, Any]] = ()
    layers: Mapping[int, Sequence[Tensor]] = field(default_factory=dict)
    callbacks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunGenerators:
    """The random generators that a run draws from: those of the program, the model and the data."""

    model: TrainableModel
    training: ResumableSource
    validation: ResumableSource | None = None

    @property
    def _others(self) -> list[object]:
        return [] if self.validation is None else list(self.validation.holders)

    def collect(self) -> States:
        """Return all states, as a pass begins."""
        states = collect_generators(self.model)
        if not (isinstance(self.training, IterableSource) and self.training.is_reading):
            states |= collect_python_generators()
        return states | collect_held_generators([*self._others, *self.training.holders])

    def collect_between_steps(self) -> States:
        """Return the states of the generators that no source uses ahead of the steps."""
        states = collect_generators(self.model)
        if not self.training.draws_ahead:
            states |= collect_python_generators()
        holders = [] if self.training.reads_ahead else self.training.holders
        return states | collect_held_generators([*self._others, *holders])

    def apply(self, states: States) -> None:
        """Restore states."""
        apply_generators(self.model, states, [*self._others, *self.training.holders])


def collect_layers(model: TrainableModel) -> dict[int, list[Tensor]]:
    """Return copies of the states that layers keep from batch to batch, by the layer's number."""
    return {
        place: [state.clone() for state in module.states]
        for place, module in enumerate(model.modules())
        if isinstance(module, RNN) and module.states is not None
    }


def restore_layers(model: TrainableModel, states: Mapping[int, Sequence[Tensor]]) -> None:
    """Let stateful layers go on from their states.

    Raises:
        DataError: They do not fit.
    """
    for place, module in enumerate(model.modules()):
        if isinstance(module, RNN) and place in states:
            module.reset_states(states[place])
