"""Explains a look-up: the conflict rule's verdict on every candidate of the name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kplug.registry.candidates.conflicts import Choice, Decision
from kplug.registry.candidates.scopes import list_in_user_code
from kplug.registry.component import Component, Origin
from kplug.registry.errors import KplugError
from kplug.registry.kinds import KINDS, Kind
from kplug.registry.loading.importer import DisabledTargetError, is_of_python
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.names.lookup import decide_here, get_choice
from kplug.registry.names.lookup_suggestions import find_about
from kplug.registry.policy import Setting
from kplug.registry.registry import REGISTRY
from kplug.registry.spec import Spec

Outcome = Literal["chosen", "lost", "tied", "off", "broken"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A component that has or may have the name, with its outcome.

    Args:
        name: Its qualified name.
        origin: Its supplier.
        target: Its target ``module:object``; empty if unknown.
        outcome: ``chosen``, ``lost``, ``tied`` for an ambiguous name, ``off`` if a setting keeps its plugin
            out, ``broken`` if its plugin is at fault.
        reason: The reason in words.
        settings: The settings that decided it.
    """

    name: str
    origin: Origin
    target: str
    outcome: Outcome
    reason: str
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The meaning of a name, and its reasons.

    Args:
        choice: The chosen component; None if the look-up fails.
        setting: The setting that decided, if one did.
        preference: The entry of the setting.
        candidates: All candidates for the name, the chosen one first.
        elsewhere: The components of this name in other kinds.
        error: The error that a look-up raises, if it fails.
    """

    choice: Choice | None
    setting: Setting | None
    preference: str | None
    candidates: tuple[Candidate, ...]
    elsewhere: tuple[Component, ...]
    error: KplugError | None


def explain(kind: Kind, spec: Spec) -> Explanation:
    """Return the meaning of a reference with its reasons; imports no component.

    Example:
        >>> from kplug.registry import get_kind
        >>> found = explain(get_kind("loss"), Spec("Huber"))
        >>> found.choice.component.qualified_name, found.choice.rule
        ('kplug/huber', 'built-in')
    """
    decision = decide_here(kind, spec)
    setting = _find_setting(decision.preference)
    choice, error = decision.choice, None
    try:
        component = get_choice(kind, spec, decision).component
        if REGISTRY.find_target_error(component) is not None:
            choice = None
            REGISTRY.load(component)  # raises the error, and imports nothing
    except KplugError as caught:
        error = caught
    candidates = (
        *_list_known(kind, spec, decision, setting),
        *_list_broken(kind, spec),
        *_list_refused(kind, spec),
    )
    in_order = tuple(sorted(candidates, key=lambda item: item.outcome != "chosen"))
    elsewhere = tuple(_list_elsewhere(kind, spec))
    return Explanation(choice, setting, decision.preference, in_order, elsewhere, error)


def find_kinds(spec: Spec) -> list[Kind]:
    """Return the kinds in which a reference leads somewhere; imports no component.

    A kind where only a qualified name does counts if no other kind has the name, and one whose plugin is
    switched off or broken if none has it otherwise.

    Example:
        >>> [kind.name for kind in find_kinds(Spec("glorot_uniform"))]
        ['initializer']
    """
    decided = [(kind, decide_here(kind, spec)) for kind in KINDS.values()]
    return (
        [kind for kind, found in decided if found.choice is not None or found.is_ambiguous]
        or [kind for kind, found in decided if found.named]
        or [kind for kind, _ in decided if _is_declared_in_vain(kind, spec)]
    )


def _is_declared_in_vain(kind: Kind, spec: Spec) -> bool:
    found = (*_list_broken(kind, spec), *_list_refused(kind, spec))
    return any(candidate.target or candidate.outcome == "broken" for candidate in found)


def list_conflicts(kind: Kind) -> list[str]:
    """Return the names that several distributions offer, each in the spelling of the first of them."""
    names: dict[tuple[int, ...], str] = {}  # aliases shared by the same components are one conflict
    for key, found in sorted(REGISTRY.index(kind).by_key.items()):
        if len({item.origin.distribution for item in found}) > 1:
            spellings = (found[0].name, *found[0].aliases)
            name = next(each for each in spellings if lookup_key(each) == key)
            names.setdefault(tuple(map(id, found)), name)
    return sorted(names.values())


def _find_setting(preference: str | None) -> Setting | None:
    """Return the first setting with this preference, in order of precedence."""
    for setting in REGISTRY.state.policy.settings:
        if setting.key == "prefer" and any(str(entry) == preference for entry in setting.entries):
            return setting
    return None


def _list_known(
    kind: Kind, spec: Spec, decision: Decision, setting: Setting | None
) -> Iterator[Candidate]:
    user = (choice.component for choice in list_in_user_code(kind.name, spec.name))
    installed = REGISTRY.index(kind).by_key.get(lookup_key(spec.name), ())
    chosen = decision.choice and decision.choice.component
    for item in {id(each): each for each in (*user, *installed)}.values():
        refusal = REGISTRY.find_target_error(item)
        if refusal is not None:
            if not is_of_python(item.location):  # else `_list_broken` has it
                outcome: Outcome = "off" if isinstance(refusal, DisabledTargetError) else "broken"
                yield Candidate(
                    item.qualified_name, item.origin, item.location, outcome, refusal.message
                )
            continue
        outcome = "chosen" if item is chosen else "lost"
        if decision.is_ambiguous and item in decision.candidates:
            outcome = "tied"
        settings = () if setting is None else (setting,)
        reason = decision.explain(item)
        yield Candidate(item.qualified_name, item.origin, item.location, outcome, reason, settings)


def _list_broken(kind: Kind, spec: Spec) -> Iterator[Candidate]:
    """Yield the plugins whose declaration of the name is invalid."""
    for supplier in REGISTRY.state.discovery.suppliers:
        problems = [each for each in supplier.problems_with(kind) if not each.is_advice]
        for problem in find_about(problems, spec.name):
            name = f"{problem.origin.distribution}/{spec.name}"
            yield Candidate(name, problem.origin, "", "broken", problem.message)


def _list_refused(kind: Kind, spec: Spec) -> Iterator[Candidate]:
    """Yield declarations of plugins that are switched off, and plugins that declare in code alone."""
    policy, key = REGISTRY.state.policy, lookup_key(spec.name)
    for supplier, reason in REGISTRY.state.discovery.refused.values():
        entries = supplier.entries.get(kind.group, ())
        declared = [pair for pair in entries if lookup_key(pair[0]) == key]
        may_have = [("…", "")] if supplier.has_hooks and not declared else []
        refusals = policy.find_refusals(supplier.installed)
        settings = tuple(setting for setting, _ in refusals if setting is not None)
        doubt = ". It may offer the name: only its code tells" if may_have else ""
        for name, target in declared or may_have:
            qualified = f"{supplier.origin.distribution}/{name}"
            yield Candidate(qualified, supplier.origin, target, "off", f"{reason}{doubt}", settings)


def _list_elsewhere(kind: Kind, spec: Spec) -> Iterator[Component]:
    for other in KINDS.values():
        if other is not kind:
            yield from REGISTRY.index(other).by_key.get(lookup_key(spec.name), ())
