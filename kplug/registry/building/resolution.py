"""`resolve`: the single entry point that turns text, a dict or an object into a `Resolved`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kplug.registry.building.binding import Call, bind
from kplug.registry.building.recorded_lookups import name_places, note, noting
from kplug.registry.building.resolved import Resolved, fill, holds_spec
from kplug.registry.building.reverse_lookup import find_component_of, suggest_name
from kplug.registry.candidates.conflicts import Rule
from kplug.registry.candidates.scopes import plans_here
from kplug.registry.component import USER_CODE, Component
from kplug.registry.errors import (
    ContractError,
    KplugError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.registry.kinds import Kind, find_kind_of_slot, get_kind
from kplug.registry.names.lookup import look_up
from kplug.registry.parameters import has_parameter
from kplug.registry.problems import describe_error
from kplug.registry.quoting import quote
from kplug.registry.registry import REGISTRY
from kplug.registry.spec import Spec, as_plain, parse_spec, spec_from_dict

_MOST_PLANS = 4096  # bounds the cache: hyper-parameter searches write ever new texts


@dataclass(frozen=True, slots=True)
class _Plan:
    """The cacheable part of a resolution: it is the same for every object made from a spec."""

    component: Component
    rule: Rule
    call: Call
    adapt: Callable[[Any], Any]
    containers: Mapping[str, Any]
    strays: Collection[str]


def resolve(kind: str, identifier: object, *, where: str | None = None) -> Resolved:
    """Turn an identifier into a built component.

    Args:
        kind: The kind that is wanted, singular or plural.
        identifier: A spec as text, dict or ``Spec``; or the object itself: a callable, a class, an
            instance.
        where: The slot it is for, named in errors.

    Returns:
        The object together with its component, arguments and the rule that chose it.

    Raises:
        SpecError: if a text or dict does not follow the grammar.
        ResolutionError: if a reference leads to no usable component.
        ArgumentError: if the arguments do not fit the signature.
        ContractError: if the object does not do what the kind requires.

    Example:
        >>> found = resolve("loss", "huber(delta=2.0)")
        >>> found.component.qualified_name, found.arguments["delta"], found.rule
        ('kplug/huber', 2.0, 'built-in')
    """
    found = _resolve_at(kind, identifier, where)
    note(identifier, found)
    return found


def _resolve_at(kind: str, identifier: object, where: str | None) -> Resolved:
    try:
        return _resolve(get_kind(kind), identifier, where)
    except KplugError as error:
        error.at(where)
        raise


def resolve_object(kind: str, identifier: object, *, where: str | None = None) -> Any:
    """Return only the object of ``resolve``; None stays None where the kind allows it."""
    if identifier is None and get_kind(kind).default is None:
        return None
    return resolve(kind, identifier, where=where).object


def _resolve(kind: Kind, identifier: object, where: str | None) -> Resolved:
    if identifier is None and kind.default is not None:
        identifier = kind.default
    if isinstance(identifier, str):
        return _from_text(kind, identifier, where)
    if isinstance(identifier, Mapping):
        return _build(_plan(kind, spec_from_dict(identifier)), where)
    if isinstance(identifier, Spec):
        return _build(_plan(kind, identifier), where)
    if isinstance(identifier, Resolved):
        return _check_kind(kind, identifier)
    plain = as_plain(identifier)  # a model of pydantic
    if isinstance(plain, dict):
        return _resolve(kind, plain, where)
    return _from_object(kind, identifier)


def _from_text(kind: Kind, text: str, where: str | None) -> Resolved:
    plans = plans_here(REGISTRY.state)
    plan = plans.get((kind.name, text))
    if plan is None:
        plan = _plan(kind, parse_spec(text))
        if REGISTRY.is_known(kind):  # a plugin may call this during discovery
            if len(plans) >= _MOST_PLANS:
                plans.clear()
            plans[kind.name, text] = plan
    return _build(plan, where)


def _check_kind(kind: Kind, resolved: Resolved) -> Resolved:
    if resolved.kind == kind.name:
        return resolved
    name = resolved.component.qualified_name
    raise WrongKindError(
        f"{name!r} is {get_kind(resolved.kind).with_article}, not {kind.with_article}",
        kind=kind.name,
        ref=name,
        candidates=[name],
        hint=f"`kplug list {kind.plural}` shows what fits here.",
    )


def _plan(kind: Kind, spec: Spec) -> _Plan:
    choice = look_up(kind, spec)
    component = choice.component
    call = bind(kind, REGISTRY.load(component), component, spec)
    # A component may keep and change what it was given, so each gets lists and dicts of its own.
    containers = {
        name: value
        for name, value in call.arguments.items()
        if isinstance(value, (list, tuple, dict, Spec))
    }
    strays = [
        name
        for name, value in containers.items()
        if holds_spec(value) and not has_parameter(call.target, name)
    ]
    return _Plan(component, choice.rule, call, _adapter(kind), containers, strays)


def _build(plan: _Plan, where: str | None) -> Resolved:
    component = plan.component
    given = arguments = plan.call.arguments
    children: dict[str, Resolved] = {}

    def build_child(spec: Spec, place: str) -> Any:
        kind = _find_kind(component, place.partition("[")[0])
        inside = f"{where}.{place}" if where else place
        try:
            children[place] = _resolve_at(kind.name, spec, inside)
        except (UnknownComponentError, WrongKindError) as error:
            if spec == Spec(spec.name) and find_kind_of_slot(place) is None and "[" not in place:
                from kplug.registry.spec.mistakes import advise_on_word  # for errors alone

                error.advise(advise_on_word(place, spec.name))
            raise
        return children[place].object

    if plan.containers:
        filled = {
            name: fill(item, name, _as_data if name in plan.strays else build_child)
            for name, item in plan.containers.items()
        }
        arguments = {**given, **filled}
    with noting() as found:
        made = _make(plan, arguments)
    looked_up = name_places(made, found, {**plan.call.defaults, **arguments}) if found else {}
    return Resolved(
        component.kind,
        _adapt(plan, made),
        component,
        plan.rule,
        given,
        children,
        plan.call,
        made,
        looked_up,
    )


def _find_kind(component: Component, parameter: str) -> Kind:
    """Return the kind that a parameter of a component announces; without one, that of the component."""
    found = find_kind_of_slot(parameter)
    if found is None:
        found = find_kind_of_slot(parameter, REGISTRY.list_kinds_known_to(component.origin))
    return found or get_kind(component.kind)


def _as_data(spec: Spec, place: str) -> Any:  # noqa: ARG001 - the signature of `fill`'s callback
    """Return a nested component as data if no parameter has its key; the class reads or refuses the key.

    Otherwise, a file could build any component in a place where none belongs.
    """
    if not spec.is_config:
        return str(spec)
    return {"class_name": spec.ref, "config": fill(dict(spec.kwargs), "", _as_data)}


def _make(plan: _Plan, arguments: Mapping[str, Any]) -> Any:
    try:
        return plan.call.make(arguments)
    except KplugError:
        raise
    except (Exception, SystemExit) as error:
        component = plan.component
        if plan.call.is_config:  # our message names the key that does not fit
            plain = Spec(component.name, kwargs=plan.call.arguments)
            bind(get_kind(component.kind), plan.call.target, component, plain)
        raise ContractError(
            f"{_describe(plan, 'cannot be made')}: {describe_error(error)}",
            hint="`kplug show " + component.qualified_name + "` shows its arguments.",
        ) from error


def _adapt(plan: _Plan, made: Any) -> Any:
    try:
        return plan.adapt(made)
    except ContractError as error:
        reason = _describe(plan, f"({plan.component.location}) is not what its kind wants")
        raise ContractError(f"{reason}: {error.message}", hint=error.hint) from error


def _describe(plan: _Plan, what: str) -> str:
    """Return a sentence about a component with its arguments."""
    component = plan.component
    shown = [f"{name}={quote(value)}" for name, value in plan.call.arguments.items()]
    given = f" from {', '.join(shown)}" if shown else ""
    return f"the {component.kind} {component.name!r} of {component.origin} {what}{given}"


def _from_object(kind: Kind, identifier: object) -> Resolved:
    made = _adapter(kind)(identifier)
    # Also the result: the plain function of a loss becomes the component's class.
    for candidate in (identifier, made):
        found = find_component_of(REGISTRY, kind, candidate)
        if found is not None:
            return Resolved(kind.name, made, found, "passed in code", source=candidate)
    component = Component(suggest_name(identifier), identifier, kind=kind.name, origin=USER_CODE)
    return Resolved(kind.name, made, component, "passed in code", source=identifier)


def _adapter(kind: Kind) -> Callable[[Any], Any]:
    adapter: Callable[[Any], Any] = (
        REGISTRY.load_part(kind, kind.adapter) if kind.adapter else _keep
    )
    return adapter


def _keep(made: Any) -> Any:
    return made
