"""`Index`: the names of one kind, as an immutable snapshot."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

from kplug.registry.component import BUILT_IN, Component
from kplug.registry.kinds import Kind
from kplug.registry.lookup_keys import keys_of, lookup_key

_Find = Callable[[ModuleType], object]


@dataclass(frozen=True)
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

    def find_by_object(self, *wanted: object) -> list[tuple[Component, object]]:
        """Return the components whose object is one of these, with that object.

        The search covers only modules that are loaded already, and imports none.
        """
        ids = {id(item) for item in wanted}
        objects, targets = self._places
        found = [(place, item) for place, item in objects if id(item) in ids]
        for module, paths in targets.items():
            if (holder := sys.modules.get(module)) is not None:
                loaded = ((place, _find_attribute(holder, find)) for place, find in paths)
                found += [(place, item) for place, item in loaded if id(item) in ids]
        found.sort(key=operator.itemgetter(0))
        return [(self.components[place], item) for place, item in found]

    @functools.cached_property
    def _places(self) -> tuple[list[tuple[int, object]], dict[str, list[tuple[int, _Find]]]]:
        """Components by number: those given as objects, and the others by the module of the target."""
        objects: list[tuple[int, object]] = []
        targets: dict[str, list[tuple[int, _Find]]] = {}
        for place, component in enumerate(self.components):
            if isinstance(component.target, str):
                module, _, path = component.target.partition(":")
                targets.setdefault(module, []).append((place, operator.attrgetter(path)))
            else:
                objects.append((place, component.target))
        return objects, targets


def _find_attribute(holder: ModuleType, find: _Find) -> object:
    try:
        return find(holder)
    except AttributeError:  # the module is being imported, or its target does not exist
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
