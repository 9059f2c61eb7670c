"""The `Compiled` class: the result of ``compile``, with every slot of a model resolved."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from kplug.components.arguments import require_choice
from kplug.dialect.training_structure import KINDS
from kplug.errors import ContractError
from kplug.optimizers.adapt import TorchOptimizerFactory
from kplug.registry.errors import raise_problems
from kplug.registry.user_warnings import warn
from kplug.training.compile_slots import FilledSlot, NamedMetric, OutputLoss
from kplug.training.devices import read_device
from kplug.training.double_activations import warn_of_double_activations
from kplug.training.execution_options import read_jit, read_steps_per_execution
from kplug.training.loss_tracker import LossTracker
from kplug.training.per_output import name_outputs
from kplug.training.precision import read_precision, with_loss_scaling
from kplug.training.resolving import (
    Collector,
    fill_structure,
    order_as_given,
    read_structure,
    resolve_losses,
    resolve_metrics,
)
from kplug.training.settings import CompileSettings

_Number = TypeVar("_Number", float, Tensor)


class StepCache(dict[str, Any]):
    """Compiled steps by kind; copies and pickles of a model start with none.

    Attributes:
        runs: The number of active runs that use the steps of a kind.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runs: collections.Counter[str] = collections.Counter()

    def __deepcopy__(self, memo: Any) -> StepCache:
        """Return an empty one."""
        return StepCache()

    def __reduce__(self) -> tuple[type[StepCache], tuple[()]]:
        """Pickle an empty cache."""
        return StepCache, ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """The training side of a model.

    Args:
        optimizer: The optimizer without parameters, or a factory of it.
        optimizer_slot: The optimizer's slot.
        losses: The losses of outputs, in the order of the outputs. If outputs and losses are both dicts,
            in the order of the losses. Of a sum, each term.
        metrics: Metrics and weighted metrics, in that order, each in the order of the outputs.
        output_names: The names of the outputs in order; an empty string for one without a name.
        structure: ``loss``, ``metrics`` and ``weighted_metrics`` in the lists and dicts in which they were
            given, with a ``FilledSlot`` for each component.
        loss_weights: As they were given.
        precision: The reduced type that the model computes in, or None.
        distribution: How several processes share the weights: ``"fsdp"``, or None for a copy in each.
        device: Where the model is moved to, or None.
        jit_compile: Whether steps run as compiled graphs; ``"auto"`` compiles where that pays off,
            ``"reduce-overhead"`` uses CUDA graphs.
        steps_per_execution: The number of steps between calls of callbacks.
        settings: The arguments of ``compile`` as given, to compile again with others.
        steps: The cache of compiled steps, by kind.
        loss_tracker: The mean losses, for custom steps of the model's class.
    """

    optimizer: torch.optim.Optimizer | TorchOptimizerFactory
    optimizer_slot: FilledSlot
    losses: tuple[OutputLoss, ...] = ()
    metrics: tuple[NamedMetric, ...] = ()
    output_names: tuple[str, ...] = ("",)
    structure: Mapping[str, Any] = field(default_factory=dict)
    loss_weights: Any = None
    precision: torch.dtype | None = None
    distribution: str | None = None
    device: torch.device | None = None
    jit_compile: bool | str = False
    steps_per_execution: int = 1
    settings: CompileSettings = field(default_factory=CompileSettings, compare=False, repr=False)
    steps: StepCache = field(default_factory=StepCache, compare=False, repr=False)
    loss_tracker: LossTracker = field(default_factory=LossTracker, compare=False, repr=False)

    @property
    def slots(self) -> list[FilledSlot]:
        """The slots of ``compile``: losses, the optimizer, metrics."""
        return [
            *(each.given for each in self.output_losses),
            self.optimizer_slot,
            *(m.filled for m in self.metrics),
        ]

    @property
    def output_losses(self) -> list[OutputLoss]:
        """One loss for each output that has any: the first term, if it is a sum."""
        return list({entry.index: entry for entry in reversed(self.losses)}.values())[::-1]

    @property
    def has_all_losses(self) -> bool:
        """Whether every output has a loss."""
        return len({entry.index for entry in self.losses}) == len(self.output_names)

    @property
    def loss(self) -> Any:
        """The loss, or None; for several outputs a dict of their losses by name."""
        if len(self.output_names) > 1:
            return {entry.output: entry.given.object for entry in self.losses} or None
        return self.losses[0].given.object if self.losses else None

    @property
    def loss_names(self) -> list[str]:
        """Names of the losses in logs: the total, then each one if there are several."""
        return ["loss", *self.name_losses([0.0] * len(self.losses))]

    def name_losses(self, values: Sequence[_Number]) -> dict[str, _Number]:
        """Return the values of all `losses` by their names in logs; none if there is one loss alone.

        A sum on one of several outputs has a value of its own in front of those of its terms.
        """
        named: dict[str, _Number] = {}
        if len(self.losses) < 2:
            return named
        for entry, value in zip(self.losses, values, strict=False):
            if len(self.output_names) > 1:
                key, share = f"{entry.output}_loss", value * entry.factor
                named[key] = named[key] + share if key in named else share
            if entry.name:
                named[entry.name] = value
        return named

    @property
    def logged_metrics(self) -> list[NamedMetric]:
        """The metrics in the order of logs: as given, or as in Keras by name if there are several outputs."""
        has_several = len(self.output_names) > 1
        return (
            sorted(self.metrics, key=lambda entry: entry.name) if has_several else [*self.metrics]
        )

    @property
    def metric_names(self) -> list[str]:
        """Names of what ``evaluate`` returns, in its order: losses come first."""
        return [*self.loss_names, *(entry.name for entry in self.logged_metrics)]


def compile_model(model: Any, settings: CompileSettings) -> Compiled:
    """Resolve the arguments of ``Model.compile``, and every slot of every layer.

    Changes nothing in the model but its slots, which are resolved.

    Raises:
        ContractError: A chain of layers is empty.
        KplugError: The one problem of the model.
        SeveralProblemsError: All of them, if there are several.
    """
    if getattr(model, "lists_layers", False) and not model.layers:
        raise ContractError(
            f"model {model.name!r} has no layers to compile",
            hint="Add some first: model.add(Dense(1)).",
        )
    collector = Collector()
    stated = tuple(getattr(model, "output_names", ()))
    asked = {name: read_structure(name, getattr(settings, name), stated) for name in KINDS}
    names = stated or name_outputs(asked["loss"])
    losses = resolve_losses(collector, names, asked["loss"], settings.loss_weights)
    if getattr(model, "returns_dict", False):
        losses = order_as_given(losses, asked["loss"])
    filled = collector.resolve("optimizer", settings.optimizer, "optimizer")
    named = resolve_metrics(collector, names, losses, asked["metrics"], asked["weighted_metrics"])
    dtype = collector.attempt(read_precision, settings.precision)
    made = filled.object if filled else None
    scaled = collector.attempt(partial(with_loss_scaling, dtype=dtype), made)
    read_modes = partial(read_jit, run_eagerly=settings.run_eagerly)
    options = {
        "precision": dtype,
        "distribution": collector.attempt(_read_distribution, settings.distribution),
        "device": collector.attempt(partial(read_device, model=model), settings.device),
        "jit_compile": collector.attempt(read_modes, settings.jit_compile),
        "steps_per_execution": collector.attempt(
            read_steps_per_execution, settings.steps_per_execution
        ),
    }
    collector.problems += model.resolve_slots()
    raise_problems(collector.problems, f"cannot compile {model.name!r}")
    _warn_of_negative_factors(losses)
    warn_of_double_activations(model, [*losses, *named])
    assert filled is not None  # noqa: S101 - otherwise there was a problem
    return Compiled(
        optimizer=scaled,
        optimizer_slot=filled,
        losses=losses,
        metrics=named,
        output_names=names,
        structure={name: fill_structure(given) for name, given in asked.items()},
        loss_weights=settings.loss_weights,
        settings=settings,
        **options,
    )


def _warn_of_negative_factors(losses: Sequence[OutputLoss]) -> None:
    negative = [entry for entry in losses if entry.weight * entry.factor < 0]
    if negative:
        entry = negative[0]
        place = f" for output {entry.output!r}" if entry.output and len(losses) > 1 else ""
        warn(
            f"compile: loss_weights has {entry.weight / entry.factor:g}{place}, so training makes this loss "
            "larger. Give numbers >= 0, unless that is what you want, as with an adversary."
        )


def _read_distribution(distribution: object) -> str | None:
    return (
        None
        if distribution is None
        else require_choice("compile", "distribution", distribution, ("fsdp",))
    )


def describe_loss(compiled: Compiled) -> str:
    """Return the loss's name for messages; a model may have penalties alone."""
    if not compiled.losses:
        return "penalties"
    if len(compiled.output_names) == 1:
        return str(compiled.loss.name)
    return ", ".join(
        f"{entry.output}: {entry.given.object.name}" for entry in compiled.output_losses
    )
