"""Checks of numbers: those that a component's distribution has recorded, and those of a reference."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kplug import Component, Spec, scope
from kplug.display.messages import quote
from kplug.errors import KplugError
from kplug.inspection import load
from kplug_authoring.checks.subject import Finding, Subject, check

if TYPE_CHECKING:
    from kplug_numbers import Part, Reading

_TOLERANCE = 1e-5  # a library's constants may be of float32
# What a reference computes in another type or order, or keeps under names of its own.
_OWN = frozenset({"float32", "strided", "state"})
_OF_SAMPLES = frozenset({"samples", "weighted", "masked", "all_masked"})
_ABSENT = "kplug-numbers is not installed, which makes them: pip install kplug-numbers"


def has_numbers(component: Component) -> bool:
    """Whether numbers of a component are recorded, and can be compared here."""
    if importlib.util.find_spec("kplug_numbers") is None:
        return False
    from kplug_numbers import find_recorded

    try:
        return bool(find_recorded(component).readings)
    except KplugError:  # which the check reports
        return True


@check(
    "the numbers that its distribution has recorded",
    "If the change is meant, write it into the changelog: `kplug check DISTRIBUTION --accept` records the "
    "numbers anew.",
    level="gold",
)
def numbers(subject: Subject) -> Finding:
    """Compare what a component computes with the readings in its distribution."""
    if importlib.util.find_spec("kplug_numbers") is None:
        return _ABSENT
    from kplug_numbers import check_component, find_recorded

    recorded = find_recorded(subject.component)
    if not recorded.readings:
        owner = subject.component.origin.distribution
        why = next(iter(recorded.unread.values()), "none are recorded")
        raise KplugError(why, hint=f"`kplug numbers record {owner}` writes them.")
    results = check_component(subject.component)
    return next((str(one) for one in results if one.outcome != "same"), None)


@check(
    "the numbers of the reference that its author names",
    "Name an object that computes the same and is not built on it: @kplug.example(reference="
    "'keras.losses:Huber'), or say why there is none: leave_out={'reference': 'why'}.",
    level="gold",
)
def reference(subject: Subject) -> Finding:
    """Compare a component's reading with that of another library's object, or of the author's formula."""
    declared = subject.example.reference
    if declared is None:
        return "no reference"
    if importlib.util.find_spec("kplug_numbers") is None:
        return _ABSENT
    from kplug_numbers import compare, make_reading

    kind, arguments = subject.kind, dict(subject.example.arguments)
    named = _as_component(declared, subject)
    with scope(**{kind.plural: {"reference": named}}):
        theirs = make_reading(kind.name, Spec("custom/reference", kwargs=arguments))
    ours = make_reading(kind.name, Spec(subject.component.qualified_name, kwargs=arguments))
    first, second = _select(ours, theirs)
    if not first.parts:
        return f"nothing that {named.target} computes too"
    differing = [one for one in compare(first, second).differences if not one.by < _TOLERANCE]
    return f"{named.target} differs: {differing[0]}" if differing else None


def _as_component(declared: Any, subject: Subject) -> Component:
    """Return a reference as a component: a class, or a function that takes the arguments."""
    if isinstance(declared, Component):
        return declared
    if not isinstance(declared, str):
        raise KplugError(
            f"the reference is {quote(declared)}",
            hint="Give the text of a target, such as 'keras.losses:Huber', or a kplug.Component.",
        )
    owner = subject.component.origin
    found = load(Component("reference", declared, kind=subject.kind.name, origin=owner))
    return Component("reference", declared, role="class" if inspect.isclass(found) else "function")


def _select(ours: Reading, theirs: Reading) -> tuple[Reading, Reading]:
    """Return the parts that both have and that mean the same in each."""
    has_samples = all(
        part.shape for name, part in theirs.parts.items() if name.endswith("/samples/values")
    )
    left_out = _OWN if has_samples else _OWN | _OF_SAMPLES
    common: Mapping[str, Part] = {
        name: part
        for name, part in ours.parts.items()
        if name in theirs.parts
        and not theirs.parts[name].raises
        and not left_out & {*name.split("/")}
    }
    return replace(ours, parts=common), replace(
        theirs,
        parts={
            name: replace(theirs.parts[name], dtype=part.dtype) for name, part in common.items()
        },
    )
