"""The names of one kind, as an immutable snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kplug.registry.component import BUILT_IN, Component
from kplug.registry.kinds import Kind
from kplug.registry.lookup_keys import keys_of, lookup_key


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


def _order(component: Component) -> tuple[int, str, str]:
    distribution = component.origin.distribution
    rank = BUILT_IN.index(distribution) if distribution in BUILT_IN else len(BUILT_IN)
    return (rank, distribution, component.name)
