"""The one door: whatever a person may write for a component goes in, a `Resolved` comes out."""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kplug.registry.binding import Call, bind
from kplug.registry.component import USER_CODE, Component
from kplug.registry.declarations import describe
from kplug.registry.errors import ContractError, KplugError
from kplug.registry.host import REGISTRY
from kplug.registry.index import Rule
from kplug.registry.kinds import Kind, find_kind_of_slot, get_kind
from kplug.registry.reverse import find_component_of, name_of
from kplug.registry.scopes import has_user_names
from kplug.registry.spec import Spec, parse_spec, spec_from_dict
from kplug.registry.spec.formatting import is_literal


@dataclass(frozen=True, slots=True)
class Resolved:
    """A built component and how it came about.

    Args:
        kind: Name of its kind.
        object: The object, as its kind's contract wants it.
        component: What it was made from, with its origin.
        arguments: What it was made with, defaults included, as far as they are literals.
        rule: Why this component and no other.
        children: Components that were arguments of this one, by argument.
    """

    kind: str
    object: Any
    component: Component
    arguments: Mapping[str, Any]
    rule: Rule
    children: Mapping[str, Resolved] = field(default_factory=dict)

    @property
    def spec(self) -> Spec:
        """The canonical spec: qualified name, every argument by name."""
        children = {name: child.spec for name, child in self.children.items()}
        return Spec(self.component.qualified_name, kwargs={**self.arguments, **children})


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything about a spec that does not change from one object to the next."""

    component: Component
    rule: Rule
    call: Call
    arguments: Mapping[str, Any]
    adapt: Callable[[Any], Any]
    nested: Mapping[str, tuple[Kind, Spec]]
    copies: bool


def resolve(kind: str, identifier: object, *, where: str | None = None) -> Resolved:
    """Turn an identifier into a built component.

    Args:
        kind: The kind that is wanted, singular or plural.
        identifier: A spec as text, dict or ``Spec``; or the thing itself: a callable, a class, an
            instance.
        where: The slot it is for, to be named in errors.

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
    try:
        return _resolve(get_kind(kind), identifier, where)
    except KplugError as error:
        error.at(where)
        raise


def resolve_object(kind: str, identifier: object, *, where: str | None = None) -> Any:
    """Return only the object of ``resolve``; None stands for none where the kind allows it."""
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
        return identifier
    return _from_object(kind, identifier)


def _from_text(kind: Kind, text: str, where: str | None) -> Resolved:
    if has_user_names():  # what a name means may change with every scope
        return _build(_plan(kind, parse_spec(text)), where)
    plans = REGISTRY.state.plans
    plan = plans.get((kind.name, text))
    if plan is None:
        plan = plans[kind.name, text] = _plan(kind, parse_spec(text))
    return _build(plan, where)


def _plan(kind: Kind, spec: Spec) -> _Plan:
    choice = REGISTRY.lookup(kind, spec)
    component = choice.component
    call = bind(kind, REGISTRY.load(component), component, spec)
    nested = {
        name: (find_kind_of_slot(name) or kind, value)
        for name, value in call.arguments.items()
        if isinstance(value, Spec)
    }
    given = {name: value for name, value in call.arguments.items() if name not in nested}
    defaults = {
        name: value
        for name, value in call.defaults.items()
        # A default can be void because the argument was given under its other spelling.
        if is_literal(value) and getattr(value, "replaced_by", None) not in call.arguments
    }
    copies = any(isinstance(value, (list, dict)) for value in given.values())
    known = {**given, **defaults}
    arguments = {name: known[name] for name in call.order or known if name in known}
    return _Plan(component, choice.rule, call, arguments, _adapter(kind.adapter), nested, copies)


def _build(plan: _Plan, where: str | None) -> Resolved:
    component, given = plan.component, plan.call.arguments
    children: dict[str, Resolved] = {}
    if plan.nested:
        for name, (kind, spec) in plan.nested.items():
            place = f"{where}.{name}" if where else name
            children[name] = resolve(kind.name, spec, where=place)
        given = {**given, **{name: child.object for name, child in children.items()}}
    if plan.copies:  # a component may keep and change the list or dict that it was given
        given = copy.deepcopy(given)
    made = plan.adapt(_make(plan, given))
    return Resolved(component.kind, made, component, plan.arguments, plan.rule, children)


def _make(plan: _Plan, arguments: Mapping[str, Any]) -> Any:
    try:
        return plan.call.make(arguments)
    except KplugError:
        raise
    except Exception as error:
        component = plan.component
        raise ContractError(
            f"the {component.kind} {component.name!r} of {component.origin} cannot be made: "
            f"{describe(error)}",
            hint="`kplug show " + component.qualified_name + "` shows its arguments.",
        ) from error


def _from_object(kind: Kind, identifier: object) -> Resolved:
    made = _adapter(kind.adapter)(identifier)
    found = find_component_of(REGISTRY, kind, identifier)
    if found is not None:
        return Resolved(kind.name, made, found, _config_of(identifier), "passed in code")
    name = name_of(identifier)
    component = Component(name, identifier, kind=kind.name, origin=USER_CODE)
    return Resolved(kind.name, made, component, _config_of(identifier), "passed in code")


def _config_of(instance: object) -> Mapping[str, Any]:
    """Return what an instance says that it was made with, as far as a spec can hold it."""
    get_config = getattr(instance, "get_config", None)
    if get_config is None or inspect.isclass(instance):
        return {}
    config = get_config()
    return {key: value for key, value in config.items() if is_literal(value)}


@cache
def _adapter(target: str) -> Callable[[Any], Any]:
    module, _, name = target.partition(":")
    adapter: Callable[[Any], Any] = getattr(importlib.import_module(module), name)
    return adapter
