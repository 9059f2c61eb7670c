"""Looks up the component of a reference, or raises the error that explains the failure."""

from __future__ import annotations

from kplug.registry.candidates.conflicts import Choice, Decision, decide
from kplug.registry.candidates.scopes import find_in_user_code
from kplug.registry.component import CUSTOM
from kplug.registry.errors import AmbiguousComponentError
from kplug.registry.kinds import Kind
from kplug.registry.names.lookup_errors import explain_miss
from kplug.registry.names.lookup_warnings import warn_of_choice
from kplug.registry.registry import REGISTRY
from kplug.registry.spec import Spec


def look_up(kind: Kind, spec: Spec) -> Choice:
    """Return the component that a reference means.

    Raises:
        ResolutionError: if there is none, of the type for the cause.
        PolicyError: if there is none, and invalid settings keep all plugins from loading.
    """
    choice = get_choice(kind, spec, decide_here(kind, spec))
    warn_of_choice(kind, spec, choice)
    return choice


def get_choice(kind: Kind, spec: Spec, decision: Decision) -> Choice:
    """Return the choice of a decision, or raise as `look_up` does."""
    try:
        choice = decision.get()
    except AmbiguousComponentError as error:
        idle = (f"Not heeded: {problem}" for problem in REGISTRY.unmet_preferences())
        error.hint = "\n  ".join((error.hint or "", *idle))
        raise
    if choice is None:
        raise explain_miss(REGISTRY, kind, spec)
    return choice


def decide_here(kind: Kind, spec: Spec) -> Decision:
    """Return the decision about a reference; an unknown name first refreshes a stale registry."""
    decision = _decide(kind, spec)
    if decision.choice is None and not decision.is_ambiguous and REGISTRY.is_stale():
        REGISTRY.refresh()
        decision = _decide(kind, spec)
    return decision


def _decide(kind: Kind, spec: Spec) -> Decision:
    distribution, name = spec.distribution, spec.name
    from_user = find_in_user_code(kind.name, name)
    if distribution is None:
        prefer = REGISTRY.state.policy.prefer
        return decide(REGISTRY.index(kind), name, from_user, prefer, spec.is_config)
    if distribution == CUSTOM or (spec.is_registered_in_keras and from_user is not None):
        return Decision(kind, spec.ref, choice=from_user)
    component = REGISTRY.index(kind).find_qualified(distribution, name)
    if component is None:
        return Decision(kind, spec.ref)
    return Decision(kind, spec.ref, (component,), Choice(component, "qualified name"))
