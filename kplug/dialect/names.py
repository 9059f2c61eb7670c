"""Resolves names in files: Keras's classes, plugins' components, the user's objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from kplug.dialect.generations import KERAS_3, Generation
from kplug.errors import KplugError, RegistrationError
from kplug.registry import REGISTRY, Component, Spec, get_kind, look_up
from kplug.registry.candidates.scopes import find_in_user_code
from kplug.registry.component_facts import find_keras_path
from kplug.registry.lookup_keys import keys_of, lookup_key
from kplug.registry.names.lookup import decide_here
from kplug.registry.quoting import quote

CUSTOM = "custom"
BUILT_IN = "kplug"

# A key next to a layer's configuration, where Keras ignores unknown keys.
OWN_ARGUMENTS = "kplug"

# The key of a component's qualified name, next to its configuration, if its class is written as Keras's.
OWN_NAME = "kplug_component"

# The key of a component's kind in its configuration, if it is another than that of its slot.
OWN_KIND = "kplug_kind"

# Keras's modules of the classes of each kind.
MODULES = {
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "loss": "keras.losses",
    "metric": "keras.metrics",
    "optimizer": "keras.optimizers",
    "schedule": "keras.optimizers.schedules",
    "layer": "keras.layers",
}


@dataclass(frozen=True)
class Names:
    """Name resolution for one load, with the caller's names.

    Args:
        custom: Lookup keys of ``custom_objects``.
        generation: The Keras that wrote the names, since some differ in meaning.
        recorded: Kinds and qualified names of the plugins' components in the file's component table.
    """

    custom: Set[str] = frozenset()
    generation: Generation = KERAS_3
    recorded: Set[tuple[str, str]] = frozenset()

    @classmethod
    def of(
        cls,
        custom_objects: Mapping[str, Any] | None,
        generation: Generation = KERAS_3,
        rows: Sequence[Mapping[str, Any]] = (),
    ) -> Names:
        """Return the names of ``custom_objects``, without Keras's prefix ``package>``, and of a table."""
        keys = frozenset(lookup_key(strip_package(name)) for name in custom_objects or ())
        named = {(str(row.get("kind")), str(row.get("name"))) for row in rows}
        others = (CUSTOM, BUILT_IN)
        recorded = {pair for pair in named if pair[1].partition("/")[0] not in others}
        return cls(keys, generation, recorded)

    def qualify(self, kind: str, name: str) -> str:
        """Resolve a name without a package: the caller's object, a built-in, or a plugin's."""
        if self.is_custom(kind, name):
            return f"{CUSTOM}/{strip_package(name)}"
        return self.find(kind, name) or name

    def find(self, kind: str, name: str) -> str | None:
        """Resolve a name without a package that is not the caller's; None if it is unknown.

        A built-in takes precedence. Otherwise the name refers to the component that the file's table
        records, installed or not, to the only component with it, or to the one that declares itself as
        Keras's class. Components are imported only to decide between several.
        """
        if find_built_in(kind, name) is not None:
            return f"{BUILT_IN}/{name}"
        offered = _list_offered(kind, name)
        installed = [one.qualified_name for one in offered]
        recorded = self._find_recorded(kind, name, installed)
        if recorded is not None and [recorded] != installed:
            return recorded
        found = None if len(offered) == 1 else _choose(kind, offered)
        if found is None:
            return name if offered else None
        return f"{found.origin.distribution}/{name}"

    def _find_recorded(self, kind: str, name: str, installed: Sequence[str]) -> str | None:
        """Return the one qualified name that the table has for a name, which may be an alias."""
        found = [
            one
            for of_kind, one in self.recorded
            if of_kind == kind
            and (one in installed or lookup_key(one.partition("/")[2]) == lookup_key(name))
        ]
        return found[0] if len(found) == 1 else None

    def qualify_package(self, kind: str, package: str, name: str) -> str:
        """Resolve ``package>name``, which never refers to a built-in of that name."""
        if package.lower() == CUSTOM or self.is_custom(kind, name):
            return f"{CUSTOM}/{name}"
        return f"{package}/{name}"

    def is_custom(self, kind: str, name: str) -> bool:
        """Whether ``custom_objects``, a scope or a registration offers the name."""
        key = strip_package(name)
        return lookup_key(key) in self.custom or find_in_user_code(kind, key) is not None


def strip_package(name: str) -> str:
    """Return a name without Keras's prefix ``package>``, and without leading underscores.

    Example:
        >>> strip_package("Custom>dice"), strip_package("_dice")
        ('dice', 'dice')
    """
    return name.rpartition(">")[2].lstrip("_")


def strip_packages(custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``custom_objects`` by their names without Keras's prefix ``package>``.

    Raises:
        RegistrationError: Two packages use one name for two objects.
    """
    stripped: dict[str, Any] = {}
    for key, item in (custom_objects or {}).items():
        name = strip_package(str(key))
        if stripped.setdefault(name, item) is not item:
            raise RegistrationError(
                f"custom_objects has two objects of the name {quote(name)}",
                hint="A name counts without the package in front of '>'. Give one of the two.",
            )
    return stripped


def find_built_in(kind: str, name: str) -> Component | None:
    """Return the built-in component with a name, or None."""
    try:
        component = look_up(get_kind(kind), Spec(f"{BUILT_IN}/{name}")).component
    except KplugError:
        return None
    return component


def find_keras_class(kind: str, owner: object) -> str | None:
    """Return module and name of the Keras class that a component is written as, or None.

    A loss may also be offered as a metric; as a metric it is not Keras's loss class.
    """
    path = find_keras_path(owner)
    module = "" if path is None else path.rpartition(".")[0]
    return None if module != MODULES.get(kind) and module in MODULES.values() else path


def find_keras_name(kind: str, name: str) -> str | None:
    """Return the Keras class name of a component with a qualified name, or None."""
    path = find_keras_class(kind, load_component(kind, name))
    return None if path is None else path.rpartition(".")[2]


def load_component(kind: str, name: str) -> Any:
    """Return the object of a component by its qualified name, or None if it cannot be loaded."""
    try:
        return REGISTRY.load(look_up(get_kind(kind), Spec(name)).component)
    except KplugError:
        return None


def has_plain_name(kind: str, component: Component) -> bool:
    """Return whether files name a component without its package, as Keras does, unambiguously."""
    if component.origin.distribution == BUILT_IN:
        return True
    name = find_keras_name(kind, component.qualified_name)
    if name is None or lookup_key(name) not in keys_of(component):
        return False
    meant = [_find_meant(kind, one) for one in (component.name, name)]
    return all(one is not None and one.qualified_name == component.qualified_name for one in meant)


def _find_meant(kind: str, name: str) -> Component | None:
    """Return the component that a name means in a file without a component table, or None."""
    return find_built_in(kind, name) or _choose(kind, _list_offered(kind, name))


def _list_offered(kind: str, name: str) -> Sequence[Component]:
    return decide_here(get_kind(kind), Spec(name, is_config=True)).candidates


def _choose(kind: str, offered: Sequence[Component]) -> Component | None:
    """Return the only component, or the only one with the name of its class of Keras."""
    is_one = len(offered) == 1
    stated = offered if is_one else [one for one in offered if _is_named_as_in_keras(kind, one)]
    return stated[0] if len(stated) == 1 else None


def _is_named_as_in_keras(kind: str, component: Component) -> bool:
    """Return whether a component has the name of the class of Keras that it says it is."""
    name = find_keras_name(kind, component.qualified_name)
    return name is not None and lookup_key(name) in keys_of(component)
