"""From the arguments of ``compile`` to components, with all problems of a model collected."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from kplug.errors import ArgumentValueError, KplugError, SeveralProblemsError
from kplug.layers.base.layer import Layer
from kplug.registry import REGISTRY, Resolved, get_kind, parse_spec, resolve
from kplug.registry.resolved import config_of
from kplug.registry.reverse_lookup import find_component_of
from kplug.training.components import ComponentRow, as_data, as_text
from kplug.training.entries import NamedMetric, OutputLoss
from kplug.training.per_output import spread_losses, spread_metrics, spread_weights


class Collector:
    """Resolves slot after slot, keeping rows and problems.

    Attributes:
        rows: The rows of the component table so far.
        problems: What went wrong so far.
    """

    def __init__(self) -> None:
        self.rows: list[ComponentRow] = []
        self.problems: list[KplugError] = []

    def resolve(self, kind: str, identifier: object, slot: str) -> Resolved | None:
        """Return the component of a slot, or None if that is a problem."""
        resolved: Resolved | None = self.attempt(
            lambda given: resolve(kind, given, where=slot), identifier
        )
        if resolved is not None:
            self.rows += describe(slot, resolved)
        return resolved

    def attempt(self, function: Any, argument: object) -> Any:
        """Return what ``function`` makes of an argument, or None if that is a problem."""
        try:
            return function(argument)
        except SeveralProblemsError as error:
            self.problems += error.problems
        except KplugError as error:
            self.problems.append(error)
        return None

    def add_layers(self, model: Any) -> None:
        """Look up every slot of every layer, and of the layers inside them; note layers of plugins."""
        self.problems += model.resolve_slots()
        seen: set[int] = set()
        for layer in list_layers(model):
            for path, module in layer.named_modules():
                where = f"{layer.name}.{path}" if path else layer.name
                self.rows += _describe_supplied(where, module)
                for name, slot in getattr(module, "slots", {}).items():
                    is_filled = slot.resolved is not None and slot.identifier is not None
                    if is_filled and id(slot) not in seen:
                        seen.add(id(slot))
                        self.rows += describe(f"{where}.{name}", slot.resolved)


def describe_layers(model: Any) -> list[ComponentRow]:
    """Return the rows of the layers' components; what cannot be found has none."""
    collector = Collector()
    collector.add_layers(model)
    return collector.rows


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


def _describe_supplied(where: str, layer: Any) -> list[ComponentRow]:
    """Return a row for a layer that a plugin supplied; the many of kplug itself would hide it."""
    is_layer, owner = isinstance(layer, Layer), type(layer)
    if not is_layer or owner.__module__.partition(".")[0] == "kplug":
        return []
    component = find_component_of(REGISTRY, get_kind("layer"), layer)
    if component is None:
        return []
    return [
        ComponentRow(
            slot=where,
            kind="layer",
            name=component.qualified_name,
            arguments=as_data(config_of(layer)),
            distribution=component.origin.distribution,
            version=component.origin.version,
            rule="passed in code",
            written=component.qualified_name,
        )
    ]


def list_layers(model: Any) -> list[Any]:
    """Return the layers of a model in order, those of nested models included, models left out."""
    layers: list[Any] = []
    for layer in model.layers:
        inner = list_layers(layer) if hasattr(layer, "layers") else [layer]
        layers += [each for each in inner if not any(each is known for known in layers)]
    return layers


def resolve_losses(
    collector: Collector, names: tuple[str, ...], loss: object, loss_weights: object
) -> tuple[OutputLoss, ...]:
    """Return the losses of the outputs that have one."""
    weights = collector.attempt(partial(spread_weights, names), loss_weights)
    identifiers = collector.attempt(partial(spread_losses, names), loss)
    losses: list[OutputLoss] = []
    for index, identifier in enumerate(identifiers or ()):
        slot = _slot("loss", names, index)
        resolved = None if identifier is None else collector.resolve("loss", identifier, slot)
        if resolved is not None:
            weight = weights[index] if weights else 1.0
            losses.append(OutputLoss(names[index], index, resolved.object, weight, slot))
    return tuple(losses)


def order_as_given(losses: tuple[OutputLoss, ...], given: object) -> tuple[OutputLoss, ...]:
    """Return losses in the order of the dict that named them; Keras does so if outputs are a dict."""
    if not isinstance(given, Mapping):
        return losses
    places = {name: place for place, name in enumerate(given)}
    return tuple(sorted(losses, key=lambda entry: places.get(entry.output, 0)))


def _slot(argument: str, names: tuple[str, ...], index: int) -> str:
    return argument if len(names) == 1 else f"{argument}[{names[index]}]"


def resolve_metrics(
    collector: Collector, names: tuple[str, ...], metrics: object, weighted_metrics: object
) -> tuple[NamedMetric, ...]:
    """Return the metrics of all outputs, those without weights first, with their names in logs."""
    taken = {"loss", *(f"{name}_loss" for name in names if len(names) > 1)}
    named: list[NamedMetric] = []
    for argument, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
        spread = collector.attempt(partial(spread_metrics, names, argument), given)
        for index, identifiers in enumerate(spread or ()):
            for place, identifier in enumerate(identifiers):
                slot = f"{_slot(argument, names, index)}[{place}]"
                resolved = collector.resolve("metric", identifier, slot)
                if resolved is None:
                    continue
                is_weighted = argument == "weighted_metrics"
                prefix = f"{names[index]}_" if len(names) > 1 else ""
                own_name = _metric_name(identifier, resolved.object)
                name = _choose_name(prefix, own_name, taken, is_weighted)
                entry = NamedMetric(name, resolved.object, is_weighted, index, slot)
                collector.attempt(partial(_refuse_shared, named), entry)
                named.append(entry)
    return tuple(named)


def _refuse_shared(known: list[NamedMetric], entry: NamedMetric) -> None:
    """Refuse one metric object in two places: both would add to the same sums."""
    for other in known:
        if other.metric is entry.metric:
            error = ArgumentValueError(
                "compile",
                entry.slot,
                entry.metric,
                f"another object than in {other.slot}, as each adds up what it sees",
            )
            error.hint = "Give the name of the metric, or make one for each place."
            raise error


def _metric_name(identifier: object, metric: Any) -> str:
    """Return the name as it was typed, or the object's own."""
    return parse_spec(identifier).name if isinstance(identifier, str) else str(metric.name)


def _choose_name(prefix: str, name: str, taken: set[str], is_weighted: bool) -> str:
    if is_weighted and prefix + name in taken:
        name = f"weighted_{name}"
    free, number = prefix + name, 0
    while free in taken:
        number += 1
        free = f"{prefix}{name}_{number}"
    taken.add(free)
    return free
