"""The names of one kind, as an immutable snapshot, and the rule that decides between their owners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kplug.registry.component import BUILT_IN, Component
from kplug.registry.errors import AmbiguousComponentError
from kplug.registry.kinds import Kind
from kplug.registry.lookup_keys import keys_of, lookup_key

Rule = Literal[
    "qualified name",
    "innermost scope",
    "registered in code",
    "preferred",
    "built-in",
    "only candidate",
    "passed in code",
]


@dataclass(frozen=True, slots=True)
class Choice:
    """A component, the rule that chose it, and the candidates that lost."""

    component: Component
    rule: Rule
    shadowed: tuple[Component, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """Every component of one kind that is installed and allowed."""

    kind: Kind
    components: tuple[Component, ...]
    by_key: Mapping[str, tuple[Component, ...]]

    def candidates(self, ref: str) -> tuple[Component, ...]:
        """Return the components that a bare name may mean, in the order of their distributions."""
        found = self.by_key.get(lookup_key(ref), ())
        return tuple(component for component in found if not component.is_qualified_only)

    def find_qualified(self, distribution: str, name: str) -> Component | None:
        """Return a distribution's component by name or alias."""
        for component in self.by_key.get(lookup_key(name), ()):
            if component.origin.distribution == distribution:
                return component
        return None


def build_index(kind: Kind, components: Iterable[Component]) -> Index:
    """Sort components by distribution, built-ins first, and file them under each of their keys."""
    ordered = tuple(sorted(components, key=_order))
    by_key: dict[str, list[Component]] = {}
    for component in ordered:
        for key in keys_of(component):
            by_key.setdefault(key, []).append(component)
    return Index(kind, ordered, {key: tuple(found) for key, found in by_key.items()})


def choose(
    index: Index, ref: str, from_user: Choice | None, prefer: Sequence[str]
) -> Choice | None:
    """Decide what a bare name means.

    In this order: what the user's code offers, the user's preference, the built-in, the only
    candidate.

    Args:
        index: The installed components of the kind.
        ref: The bare name.
        from_user: What scopes and registrations offer under it.
        prefer: ``distribution`` or ``distribution/name``, best first.

    Returns:
        The choice, or None if nobody offers the name.

    Raises:
        AmbiguousComponentError: if several plugins do and nothing decides between them.
    """
    if from_user is not None:
        return from_user
    candidates = index.candidates(ref)
    preferred = _find_preferred(index.by_key.get(lookup_key(ref), ()), prefer)
    if preferred is not None:
        return _choice(preferred, "preferred", candidates)
    if not candidates:
        return None
    if candidates[0].origin.is_built_in:
        return _choice(candidates[0], "built-in", candidates)
    if len(candidates) == 1:
        return Choice(candidates[0], "only candidate")
    raise _ambiguous(index.kind, ref, candidates)


def _find_preferred(candidates: Sequence[Component], prefer: Sequence[str]) -> Component | None:
    for entry in prefer:
        distribution, _, name = entry.partition("/")
        for component in candidates:
            fits = not name or lookup_key(name) in keys_of(component)
            if fits and component.origin.distribution == distribution:
                return component
    return None


def _choice(chosen: Component, rule: Rule, candidates: Sequence[Component]) -> Choice:
    return Choice(chosen, rule, tuple(other for other in candidates if other is not chosen))


def _order(component: Component) -> tuple[int, str, str]:
    distribution = component.origin.distribution
    rank = BUILT_IN.index(distribution) if distribution in BUILT_IN else len(BUILT_IN)
    return (rank, distribution, component.name)


def _ambiguous(kind: Kind, ref: str, candidates: Sequence[Component]) -> AmbiguousComponentError:
    names = [component.qualified_name for component in candidates]
    owners = ", ".join(f"{item.qualified_name} ({item.origin})" for item in candidates)
    return AmbiguousComponentError(
        f"the {kind.name} {ref!r} is offered by {len(candidates)} plugins: {owners}",
        kind=kind.name,
        ref=ref,
        candidates=names,
        hint=f"Write {names[0]!r}, or prefer one: KPLUG_PREFER={candidates[0].origin.distribution}",
    )
