"""Puts components of one kind side by side: what each computes, how they differ, what they cost."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kplug import Spec, get_kind, parse_spec, resolve
from kplug.curves.curve import Curve
from kplug.curves.sampling import SAMPLERS, sample_together
from kplug.errors import KplugError
from kplug.inspection import describe_signature, find_component, find_own_example, load
from kplug_numbers.comparison import Comparison, compare
from kplug_numbers.errors import ReadingError
from kplug_numbers.making import make_reading, make_recorder, standard_settings
from kplug_numbers.probes import count_operations, find_loss_traits, measure_way
from kplug_numbers.reading import Reading
from kplug_numbers.recipes.optimizers import STEPS
from kplug_numbers.relations import (
    choose_family,
    describe_alone,
    describe_equality,
    describe_relation,
    find_traits,
)

LETTERS = "ABCDEFGH"
# What the others of a kind are compared with: among the cheapest that compute something.
_CHEAP = {
    "activation": "kplug/relu",
    "constraint": "kplug/non_neg",
    "initializer": "kplug/random_uniform",
    "loss": "kplug/mean_squared_error",
    "metric": "kplug/mean_squared_error",
    "optimizer": "kplug/sgd",
    "regularizer": "kplug/l2",
}
# What is counted; one call and its gradient of other kinds.
_USES = {
    "initializer": "One call",
    "metric": "One batch with its result",
    "optimizer": "One step",
}
_MOST_CLAUSES = 4
_LEAST_COST = _LEAST_WAY = 0.05  # by which two have to differ to be told apart


@dataclass(frozen=True)
class Candidate:
    """A component and how it compares with the first one.

    Args:
        label: Its letter.
        spec: The component with its arguments.
        says: How it differs from the first one, in words; of the first one, what it does.
        reading: What it computes; None without a reading.
        why: Why there is none.
        comparison: The comparison with the first candidate; None if one of them has no reading.
        operations: How many operations torch runs for one call and its gradient; None if that is unknown.
        cost: The same, as a multiple of the first candidate's.
        curve: The component as a function of one variable; None without.
    """

    label: str
    spec: str
    says: str
    reading: Reading | None = None
    why: str = ""
    comparison: Comparison | None = None
    operations: int | None = None
    cost: float | None = None
    curve: Curve | None = None


@dataclass(frozen=True)
class _Made:
    """What was found of a component by itself."""

    label: str
    spec: Spec
    reading: Reading | None = None
    why: str = ""
    traits: Mapping[str, str] = field(default_factory=dict)
    operations: int | None = None
    way: float = 0.0


def read_candidates(kind: str, references: Sequence[str | Spec]) -> list[Candidate]:
    """Return components in the order in which they are given.

    Raises:
        ReadingError: if these are less than two different ones, or more than eight.
        KplugError: if one is not installed, or needs arguments that neither its spec nor its author gives.
    """
    specs = [complete(kind, one) for one in references]
    if len(set(map(str, specs))) < len(specs) or not 2 <= len(specs) <= len(LETTERS):
        raise ReadingError(
            f"compare needs two components or more, {len(LETTERS)} at most, each once",
            hint="For example: kplug compare loss kplug/mse kplug/mae",
        )
    for spec in specs:
        resolve(kind, spec)  # says what is wrong with it, before anything is computed
    made = [_make(kind, *one) for one in zip(LETTERS, specs, strict=False)]
    known = get_kind(kind)
    curves = sample_together(known, specs) if known.name in SAMPLERS else [None] * len(specs)
    return [
        _describe(one, made[:place], curve)
        for place, (one, curve) in enumerate(zip(made, curves, strict=True))
    ]


def complete(kind: str, reference: str | Spec) -> Spec:
    """Return a component's spec; without arguments that it needs, with those of its author's example."""
    known = get_kind(kind)
    spec = parse_spec(reference) if isinstance(reference, str) else reference
    component = find_component(known, spec)
    if component is None or spec.args or spec.kwargs:
        return spec
    arguments = describe_signature(known, load(component), component)
    if all(default for _, default in arguments):
        return spec
    return Spec(spec.ref, kwargs=find_own_example(component).arguments)


def find_operations(kind: str, reference: str | Spec) -> int | None:
    """Return how many operations torch runs for one call of a component and its gradient.

    Returns:
        The number, the same in every run; None for what cannot be made or called, and for layers,
        schedules and callbacks.
    """
    with contextlib.suppress(KplugError), standard_settings():
        out = make_recorder(kind, complete(kind, reference))
        with out.limit.interrupting():
            return count_operations(out, kind)
    return None


def describe_cost(kind: str, reference: str | Spec) -> str:
    """Return a sentence about a component's cost, beside that of a cheap built-in of its kind.

    Args:
        kind: The singular name of the kind.
        reference: The component; without arguments that it needs, it is given those of its author's example.

    Returns:
        The sentence, with a count that is the same in every run; empty where nothing can be counted.

    Example:
        >>> describe_cost("loss", "kplug/log_cosh")
        'One call with its gradient takes ... times those of kplug/mean_squared_error.'
        >>> describe_cost("layer", "kplug/Dense")
        ''
    """
    beside = _CHEAP.get(kind)
    if beside is None:
        return ""
    count, unit = find_operations(kind, reference), _count_cheap(kind, beside)
    if count is None or unit is None:
        return ""
    ratio = "" if str(reference) == beside else f", {count / unit:.2g} times those of {beside}"
    return (
        f"{_USES.get(kind, 'One call with its gradient')} takes {count} operations of torch{ratio}."
    )


@functools.cache
def _count_cheap(kind: str, beside: str) -> int | None:
    return find_operations(kind, beside)


def _make(kind: str, label: str, spec: Spec) -> _Made:
    try:
        reading = make_reading(kind, spec)
    except KplugError as error:
        return _Made(label, spec, why=error.message)
    traits: dict[str, str] = {}
    way = 0.0
    with contextlib.suppress(ReadingError), standard_settings():  # it may take too long
        out = make_recorder(kind, spec)
        with out.limit.interrupting():
            traits = find_loss_traits(out, choose_family(reading)) if kind == "loss" else {}
            way = measure_way(out) if kind == "optimizer" else 0.0
    traits |= find_traits(reading)
    return _Made(label, spec, reading, "", traits, find_operations(kind, spec), way)


def _describe(made: _Made, earlier: Sequence[_Made], curve: Curve | None) -> Candidate:
    label, spec, reading = made.label, str(made.spec), made.reading
    if reading is None:
        return Candidate(label, spec, f"no reading: {made.why}", why=made.why, curve=curve)
    first = earlier[0] if earlier else made
    comparison, cost = None, None
    if first.reading is not None:
        comparison = compare(first.reading, reading)
    if first.operations and made.operations:
        cost = made.operations / first.operations
    clauses = _relate(made, earlier)[:_MOST_CLAUSES]
    if clauses and cost and abs(cost - 1) > _LEAST_COST:
        clauses.append(f"{cost:.2g} times the operations of {first.label}")
    if not clauses:
        traits = [one for one in made.traits.values() if not one.startswith("counts ")]
        clauses = [*traits, *describe_alone(reading)][:_MOST_CLAUSES]
        clauses += [f"{made.operations} operations of torch"] if made.operations else []
    says = "; ".join(dict.fromkeys(clauses))
    return Candidate(label, spec, says, reading, "", comparison, made.operations, cost, curve)


def _relate(made: _Made, earlier: Sequence[_Made]) -> list[str]:
    """Return how a component differs from the first one; if it follows from an earlier one, how."""
    known = [(one, one.reading) for one in earlier if one.reading is not None]
    if made.reading is None or not known:
        return []
    for one, reading in known:
        if simple := describe_equality(reading, made.reading, one.label):
            return [simple]
    first, reading = known[0]
    other = [words for name, words in made.traits.items() if first.traits.get(name) != words]
    if first.way and made.way and abs(made.way / first.way - 1) > _LEAST_WAY:
        times = f"{made.way / first.way:.2g} times"
        other.insert(0, f"moves {times} as far as {first.label} in {STEPS} steps")
    return describe_relation(reading, made.reading, first.label, other)
