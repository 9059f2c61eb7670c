"""Resolves the components in the arguments of ``compile``, and collects all problems."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from kplug.dialect.training_structure import map_identifiers
from kplug.errors import (
    ArgumentValueError,
    ContractError,
    KplugError,
    SeveralProblemsError,
    SpecError,
)
from kplug.losses import WeightedSum
from kplug.metrics import TorchConvention
from kplug.registry import Resolved, Spec, parse_spec, resolve
from kplug.registry.spec import as_plain
from kplug.training.compile_slots import FilledSlot, NamedMetric, OutputLoss
from kplug.training.per_output import (
    spread_losses,
    spread_metrics,
    spread_weights,
)


class Asked:
    """The place of an identifier in an argument of ``compile``, and the slot that it fills.

    Args:
        identifier: The identifier as given.

    Attributes:
        filled: The slot; the last one, if the identifier stands for several outputs.
    """

    def __init__(self, identifier: object) -> None:
        self.identifier = identifier
        self.filled: FilledSlot | None = None

    def __repr__(self) -> str:
        return repr(self.identifier)  # for messages that show the argument


class Collector:
    """Resolves slots and collects the problems.

    Attributes:
        problems: The problems so far.
    """

    def __init__(self) -> None:
        self.problems: list[KplugError] = []

    def resolve(self, kind: str, asked: object, slot: str) -> FilledSlot | None:
        """Fill a slot with a component; return None after a problem.

        Args:
            kind: The component's kind.
            asked: The identifier, or its place in an argument, which keeps the slot.
            slot: The slot's name.
        """
        identifier = asked.identifier if isinstance(asked, Asked) else asked
        resolved: Resolved | None = self.attempt(
            lambda given: resolve(kind, given, where=slot), identifier
        )
        if resolved is None:
            return None
        filled = FilledSlot(slot, resolved, _find_typed_name(identifier))
        if isinstance(asked, Asked):
            asked.filled = filled
        return filled

    def attempt(self, function: Any, argument: object) -> Any:
        """Return ``function`` applied to an argument, or None after a problem."""
        try:
            return function(argument)
        except SeveralProblemsError as error:
            self.problems += error.problems
        except KplugError as error:
            self.problems.append(error)
        return None


def resolve_losses(
    collector: Collector, names: tuple[str, ...], loss: object, loss_weights: object
) -> tuple[OutputLoss, ...]:
    """Return the losses of the outputs that have one; ``loss`` is a result of ``read_structure``."""
    weights = collector.attempt(partial(spread_weights, names), as_plain(loss_weights))
    spread = collector.attempt(partial(spread_losses, names), loss)
    losses: list[OutputLoss] = []
    for index, asked in enumerate(spread or ()):
        slot = _slot("loss", names, index)
        filled = None if asked is None else collector.resolve("loss", asked, slot)
        if filled is not None:
            weight = weights[index] if weights else 1.0
            terms = _split(OutputLoss(names[index], index, filled.object, weight, filled))
            has_one_name = len(terms) == 1 and terms[0].name
            losses += [replace(terms[0], name="")] if has_one_name else terms
    return _name_terms(collector, names, losses)


def _split(loss: OutputLoss) -> list[OutputLoss]:
    """Return the terms of a sum, and of sums in it, as losses of its output; another loss as it is."""
    if not isinstance(loss.loss, WeightedSum):
        return [loss]
    filled, split = loss.filled, []
    children = filled.resolved.children
    for at, (term, factor) in enumerate(zip(loss.loss.terms, loss.loss.weights, strict=True)):
        resolved = children.get(f"terms[{at}]") or resolve("loss", term)
        entry = replace(
            loss,
            loss=term,
            weight=loss.weight * factor,
            filled=FilledSlot(f"{filled.slot}.terms[{at}]", resolved),
            whole=loss.given,
            name=_own_name(resolved),
            factor=loss.factor * factor,
        )
        split += _split(entry)
    return split


def _name_terms(
    collector: Collector, names: tuple[str, ...], losses: list[OutputLoss]
) -> tuple[OutputLoss, ...]:
    """Return the losses with names of terms that no other log has."""
    taken, named = _name_totals(names), []
    for entry in losses:
        if entry.name:
            prefix = f"{entry.output}_" if len(names) > 1 else ""
            entry = replace(entry, name=_choose_name(prefix, entry.name, taken, is_weighted=False))
            collector.attempt(_refuse_unreduced, entry)
        named.append(entry)
    return tuple(named)


def _name_totals(names: tuple[str, ...]) -> set[str]:
    return {"loss", *(f"{name}_loss" for name in names if len(names) > 1)}


def _refuse_unreduced(entry: OutputLoss) -> None:
    if entry.loss.reduction == "none":
        raise ContractError(
            f"the loss {str(entry.loss.name)!r} has the reduction 'none', and a sum that trains needs one "
            "number of each term",
            hint="Use a reduction other than 'none'.",
            where=entry.filled.slot,
        )


def order_as_given(losses: tuple[OutputLoss, ...], given: object) -> tuple[OutputLoss, ...]:
    """Return losses in the order of their dict, as Keras does if outputs are a dict."""
    if not isinstance(given, Mapping):
        return losses
    places = {name: place for place, name in enumerate(given)}
    return tuple(sorted(losses, key=lambda entry: places.get(entry.output, 0)))


def _slot(argument: str, names: tuple[str, ...], index: int) -> str:
    return argument if len(names) == 1 else f"{argument}[{names[index]}]"


def resolve_metrics(
    collector: Collector,
    names: tuple[str, ...],
    losses: Iterable[OutputLoss],
    metrics: object,
    weighted_metrics: object,
) -> tuple[NamedMetric, ...]:
    """Return the metrics of all outputs, those without weights first, with their names in logs.

    The last two arguments are results of ``read_structure``. ``losses`` have names in logs, too.
    """
    taken = _name_totals(names) | {entry.name for entry in losses}
    named: list[NamedMetric] = []
    for argument, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
        spread = collector.attempt(partial(spread_metrics, names, argument), given)
        for index, of_output in enumerate(spread or ()):
            for place, asked in enumerate(of_output):
                slot = f"{_slot(argument, names, index)}[{place}]"
                filled = collector.resolve("metric", asked, slot)
                if filled is None:
                    continue
                is_weighted = argument == "weighted_metrics"
                prefix = f"{names[index]}_" if len(names) > 1 else ""
                name = _choose_name(
                    prefix, _metric_name(asked.identifier, filled), taken, is_weighted
                )
                entry = NamedMetric(name, filled.object, is_weighted, index, filled)
                collector.attempt(partial(_refuse_shared, named), entry)
                named.append(entry)
    return tuple(named)


def _refuse_shared(known: list[NamedMetric], entry: NamedMetric) -> None:
    """Refuse one metric object in two places: both would update the same state."""
    for other in known:
        if other.metric is entry.metric:
            error = ArgumentValueError(
                "compile",
                entry.filled.slot,
                entry.metric,
                f"another object than in {other.filled.slot}, as each adds up what it sees",
            )
            error.hint = "Give the name of the metric, or make one for each place."
            raise error


def read_structure(argument: str, given: object, outputs: Collection[str]) -> Any:
    """Return an argument with each identifier in its lists and dicts replaced by an ``Asked``.

    Raises:
        SpecError: if a configuration of another library cannot be read.
    """
    try:
        return map_identifiers(given, Asked, outputs)
    except SpecError as error:
        error.at(argument)
        raise


def fill_structure(asked: object) -> Any:
    """Return a result of ``read_structure`` with each ``Asked`` replaced by its filled slot."""
    return map_identifiers(asked, lambda place: place.filled)


def _find_typed_name(identifier: object) -> str | None:
    if isinstance(identifier, str) and "(" not in identifier:
        spec = parse_spec(identifier)
        return None if spec.kwargs else spec.name  # a sum has terms
    return None


def _metric_name(identifier: object, filled: FilledSlot) -> str:
    """Return the name as typed, or the object's own; None for a function or a factory."""
    if isinstance(identifier, str):
        inner = filled.resolved.given.get("metric")
        if isinstance(filled.object, TorchConvention) and isinstance(inner, Spec):
            return inner.name
        return parse_spec(identifier).name
    return _own_name(filled.resolved)


def _own_name(resolved: Resolved) -> str:
    """Return the name of an object; of what a function or a factory made, the component's."""
    is_named = resolved.call is None or resolved.call.role == "class"
    return str(resolved.object.name) if is_named else resolved.component.name


def _choose_name(prefix: str, name: str, taken: set[str], is_weighted: bool) -> str:
    if is_weighted and prefix + name in taken:
        name = f"weighted_{name}"
    free, number = prefix + name, 0
    while free in taken:
        number += 1
        free = f"{prefix}{name}_{number}"
    taken.add(free)
    return free
