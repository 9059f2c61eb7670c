"""What ``compile`` makes: every name of a model resolved, once, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kplug.errors import KplugError, SeveralProblemsError, raise_problems
from kplug.registry import Resolved, parse_spec, resolve
from kplug.training.components import ComponentRow, ComponentTable, as_data, as_text
from kplug.training.outputs import pick_for_output, read_loss_weight

# Qualified, so that no plugin changes what a model gets that names no optimizer.
DEFAULT_OPTIMIZER = "kplug/rmsprop"


@dataclass(frozen=True, slots=True)
class NamedMetric:
    """A metric of a compiled model.

    Args:
        name: Its key in History: the text as it was typed, or the object's name.
        metric: The metric.
        is_weighted: Whether it sees the sample weights.
    """

    name: str
    metric: Any
    is_weighted: bool = False


@dataclass(frozen=True, slots=True)
class Compiled:
    """The training side of a model.

    Args:
        optimizer: The optimizer, or a factory of it, without its parameters.
        loss: The loss, or None.
        metrics: Metrics and weighted metrics, in that order.
        loss_weight: Factor of the loss on the data.
        components: Which component fills each slot.
        arguments: The arguments of ``compile`` as they were given.
    """

    optimizer: Any
    loss: Any = None
    metrics: tuple[NamedMetric, ...] = ()
    loss_weight: float = 1.0
    components: ComponentTable = field(default_factory=ComponentTable)
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metric_names(self) -> list[str]:
        """Names of what ``evaluate`` returns, in its order."""
        return ["loss", *(entry.name for entry in self.metrics)]


def compile_model(
    model: Any,
    optimizer: object = DEFAULT_OPTIMIZER,
    loss: object = None,
    *,
    metrics: object = None,
    weighted_metrics: object = None,
    loss_weights: object = None,
) -> Compiled:
    """Resolve the loss, the optimizer, the metrics and every slot of every layer.

    Args:
        model: The model; it is not changed, except that its slots know their components.
        optimizer: Name, spec, dict, class, factory or instance.
        loss: The same, or None; also in a list of one, or in a dict by the name of the output.
        metrics: One metric or a list of them; also in a list of one, or in a dict by that name.
        weighted_metrics: Metrics that see sample and class weights.
        loss_weights: A number; also in a list of one, or in a dict by the name of the output.

    Raises:
        KplugError: The one problem of the model.
        SeveralProblemsError: All of them, if there are several.
    """
    collector = _Collector()
    own_loss = collector.attempt(partial(pick_for_output, model, "loss"), loss)
    resolved_loss = None if own_loss is None else collector.resolve("loss", own_loss, "loss")
    resolved_optimizer = collector.resolve("optimizer", optimizer, "optimizer")
    named = _resolve_metrics(collector, model, metrics, weighted_metrics)
    weight = collector.attempt(partial(read_loss_weight, model), loss_weights)
    collector.add_layers(model)
    raise_problems(collector.problems, f"cannot compile {model.name!r}")
    return Compiled(
        optimizer=resolved_optimizer.object if resolved_optimizer else None,
        loss=resolved_loss.object if resolved_loss else None,
        metrics=named,
        loss_weight=1.0 if weight is None else weight,
        components=ComponentTable(collector.rows),
        arguments={
            "optimizer": optimizer,
            "loss": loss,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "loss_weights": loss_weights,
        },
    )


class _Collector:
    """Resolves slot after slot, keeping rows and problems."""

    def __init__(self) -> None:
        self.rows: list[ComponentRow] = []
        self.problems: list[KplugError] = []

    def resolve(self, kind: str, identifier: object, slot: str) -> Resolved | None:
        resolved: Resolved | None = self.attempt(
            lambda given: resolve(kind, given, where=slot), identifier
        )
        if resolved is not None:
            self.rows += describe(slot, resolved)
        return resolved

    def attempt(self, function: Any, argument: object) -> Any:
        try:
            return function(argument)
        except SeveralProblemsError as error:
            self.problems += error.problems
        except KplugError as error:
            self.problems.append(error)
        return None

    def add_layers(self, model: Any) -> None:
        self.problems += model.resolve_slots()
        for layer in list_layers(model):
            for name, slot in layer.slots.items():
                if slot.resolved is not None and slot.identifier is not None:
                    self.rows += describe(f"{layer.name}.{name}", slot.resolved)


def describe(slot: str, resolved: Resolved) -> list[ComponentRow]:
    """Return the row of a resolved component, and those of the components inside it."""
    component = resolved.component
    row = ComponentRow(
        slot=slot,
        kind=resolved.kind,
        name=component.qualified_name,
        arguments=as_data(resolved.arguments),
        distribution=component.origin.distribution,
        version=component.origin.version,
        rule=resolved.rule,
        written=as_text(resolved.written),
    )
    inner = [
        inner_row
        for name, child in resolved.children.items()
        for inner_row in describe(f"{slot}.{name}", child)
    ]
    return [row, *inner]


def list_layers(model: Any) -> list[Any]:
    """Return the layers of a model in order, those of nested models included, models left out."""
    layers: list[Any] = []
    for layer in model.layers:
        inner = list_layers(layer) if hasattr(layer, "layers") else [layer]
        layers += [each for each in inner if not any(each is known for known in layers)]
    return layers


def _resolve_metrics(
    collector: _Collector, model: Any, metrics: object, weighted_metrics: object
) -> tuple[NamedMetric, ...]:
    taken = {"loss"}
    named: list[NamedMetric] = []
    for argument, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
        is_weighted = argument == "weighted_metrics"
        if isinstance(given, Mapping):
            given = collector.attempt(partial(pick_for_output, model, argument), given)
        for index, identifier in enumerate(_as_list(given)):
            resolved = collector.resolve("metric", identifier, f"{argument}[{index}]")
            if resolved is not None:
                name = _choose_name(_metric_name(identifier, resolved.object), taken, is_weighted)
                named.append(NamedMetric(name, resolved.object, is_weighted))
    return tuple(named)


def _metric_name(identifier: object, metric: Any) -> str:
    """Return the name as it was typed, or the object's own."""
    return parse_spec(identifier).name if isinstance(identifier, str) else str(metric.name)


def _choose_name(name: str, taken: set[str], is_weighted: bool) -> str:
    if is_weighted and name in taken:
        name = f"weighted_{name}"
    free, number = name, 0
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def _as_list(given: object) -> Sequence[object]:
    if given is None:
        return []
    if isinstance(given, (list, tuple)):
        is_nested = len(given) == 1 and isinstance(given[0], (list, tuple))
        return given[0] if is_nested else given
    return [given]
