"""Turns a plugin's declarations into components, and invalid ones into problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

from kplug.registry.component import (
    Component,
    Origin,
    check_name,
    find_names,
    find_summary,
)
from kplug.registry.component_facts import find_metric_names
from kplug.registry.errors import RegistrationError
from kplug.registry.kinds import Kind
from kplug.registry.loading.importer import strip_extras
from kplug.registry.lookup_keys import keys_of, lookup_key
from kplug.registry.problems import Problem, describe_answer, describe_error
from kplug.registry.quoting import quote


@dataclass(frozen=True, slots=True)
class Offer:
    """The components of one kind that a distribution offers, with the problems of its declarations."""

    components: tuple[Component, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_declarations(kind: Kind, declarations: object, origin: Origin) -> Offer:
    """Read what a hook returned.

    Args:
        kind: The kind of the hook.
        declarations: A mapping of name to target, object or ``Component``.
        origin: The distribution that the hook belongs to.
    """
    if not isinstance(declarations, Mapping):
        given = describe_answer(declarations)
        message = f"{kind.hook} returned {given}; it must return a mapping of name to target"
        return Offer(problems=(Problem(origin, message),))
    components: list[Component] = []
    problems: list[Problem] = []
    for name, target in declarations.items():
        try:
            component = _declare(kind, name, target, origin)
            component, bad_aliases = _without_bad_aliases(kind, component, origin)
            problems += bad_aliases
            str(component.location)  # a lazy object may fail to report its location
            _require_callable(component)
            components.append(component)
        except RegistrationError as error:
            problems.append(_refuse(kind.hook, error, origin))
        except Exception as error:  # noqa: BLE001 - attribute access runs foreign code
            message = f"{kind.hook}: {quote(name)} cannot be listed: {describe_error(error)}"
            problems.append(Problem(origin, message, error))
    return Offer(tuple(components), tuple(problems))


def _require_callable(component: Component) -> None:
    if not isinstance(component.target, str) and not callable(component.target):
        raise RegistrationError(
            f"{quote(component.name)} is {describe_answer(component.target)}, which cannot be called",
            hint="Give a class or a function, or its 'module:object'.",
        )


def _without_bad_aliases(
    kind: Kind, component: Component, origin: Origin
) -> tuple[Component, list[Problem]]:
    """Return a component with its valid aliases, and a problem for each invalid one."""
    good, problems = [], []
    for alias in component.aliases:
        try:
            check_name(alias)
            good.append(alias)
        except RegistrationError as error:
            place = f"{kind.hook}: an alias of {quote(component.name)}"
            problems.append(_refuse(place, error, origin))
    return (replace(component, aliases=tuple(good)) if problems else component), problems


def read_entry_points(kind: Kind, entries: Iterable[tuple[str, str]], origin: Origin) -> Offer:
    """Read the static tier: pairs of name and ``"module:object"``; two names of one object are aliases.

    The declared name is the one that matches the object's, else the alphabetically first. Only a name outside
    the grammar is dropped.
    """
    by_target: dict[str, list[str]] = {}
    components: list[Component] = []
    problems: list[Problem] = []
    for name, value in sorted(set(entries)):
        try:
            check_name(name)
        except RegistrationError as error:
            problems.append(_refuse(kind.group, error, origin))
        else:
            by_target.setdefault(strip_extras(value), []).append(name)
    for target, names in by_target.items():
        attribute = lookup_key(target.rpartition(":")[2].rpartition(".")[2])
        first = next((name for name in names if lookup_key(name) == attribute), names[0])
        aliases = tuple(name for name in names if name != first)
        marked = Origin(origin.distribution, origin.version, f"{kind.group}:{first}")
        try:
            components.append(
                Component(first, target, aliases=aliases, kind=kind.name, origin=marked)
            )
        except RegistrationError as error:
            problems.append(_refuse(kind.group, error, origin))
    return Offer(tuple(components), tuple(problems))


def merge_offers(kind: Kind, offers: Iterable[Offer], origin: Origin) -> Offer:
    """Merge the offers of one distribution; a name with two meanings is dropped from both."""
    offers = tuple(offers)
    problems = [problem for offer in offers for problem in offer.problems]
    kept: dict[int, Component] = {}
    owners: dict[str, Component] = {}
    refused: set[str] = set()
    for declared in (component for offer in offers for component in offer.components):
        component, keys = declared, keys_of(declared).keys()
        for other in {id(owners[key]): owners[key] for key in keys if key in owners}.values():
            if _is_same_object(other, component):
                del kept[id(other)]
                component = _merge(other, component)
            else:
                shared = keys & keys_of(other).keys()
                refused |= shared
                message = _twice(kind, shared, other, component)
                problems.append(Problem(origin, message, topic="duplicate"))
        kept[id(component)] = component
        owners.update(dict.fromkeys(keys_of(component), component))
    used = [_without(refused, item) for item in kept.values()] if refused else kept.values()
    return Offer(tuple(item for item in used if item is not None), tuple(problems))


def _without(refused: Set[str], component: Component) -> Component | None:
    """Return a component without the names of these keys; None if it has no other."""
    names = (component.name, *component.aliases)
    left = tuple(name for name in names if lookup_key(name) not in refused)
    return replace(component, name=left[0], aliases=left[1:]) if left else None


def _is_same_object(one: Component, other: Component) -> bool:
    if isinstance(one.target, str) and isinstance(other.target, str):
        return one.target == other.target
    return one.target is other.target


def _merge(first: Component, second: Component) -> Component:
    """Merge two declarations of one object, such as an entry point and a hook that adds a summary."""
    names = dict.fromkeys((*first.aliases, second.name, *second.aliases))
    stated = first if first.lifecycle is not None else second
    return replace(
        first,
        aliases=tuple(name for name in names if name != first.name),
        role=first.role or second.role,
        summary=first.summary or second.summary,
        lifecycle=stated.lifecycle,
        successor=stated.successor,
        is_qualified_only=first.is_qualified_only or second.is_qualified_only,
        example=first.example or second.example,
        search_ranges={**second.search_ranges, **first.search_ranges},
    )


def _twice(kind: Kind, keys: Set[str], first: Component, second: Component) -> str:
    name = next(n for n in (second.name, *second.aliases) if lookup_key(n) in keys)
    return (
        f"the {kind.name} {name!r} is offered twice, as {first.location} and as {second.location}; "
        "the name is used for neither. Give one of them another name"
    )


def _refuse(place: str, error: RegistrationError, origin: Origin) -> Problem:
    return Problem(origin, f"{place}: {error.message}. {error.hint}", error)


def _declare(kind: Kind, name: object, target: object, origin: Origin) -> Component:
    if target is None:
        raise RegistrationError(
            f"{quote(name)} is None", hint="Give the object or its 'module:object'."
        )
    if isinstance(target, Component):
        if name != target.name:
            raise RegistrationError(
                f"the component {quote(target.name)} is listed as {quote(name)}",
                hint="Use one name; aliases belong into the component.",
            )
        return replace(target, kind=kind.name, origin=origin)
    check_name(name)
    names = (find_metric_names(target) if kind.name == "metric" else ()) or find_names(target)
    aliases = tuple(other for other in names if other != name) if name in names else ()
    summary = find_summary(target)
    return Component(str(name), target, aliases, summary=summary, kind=kind.name, origin=origin)
