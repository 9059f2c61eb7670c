"""Whose a name is: a class of Keras, a plugin's component, or the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from kplug.dialect.generations import KERAS_3, Generation
from kplug.errors import KplugError, RegistrationError
from kplug.registry import REGISTRY, Component, Spec, get_kind, look_up
from kplug.registry.candidates.scopes import find_in_user_code
from kplug.registry.component import find_names
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.quoting import quote

CUSTOM = "custom"
BUILT_IN = "kplug"

# The key beside a layer's configuration, where Keras looks at none that it does not know.
OWN_ARGUMENTS = "kplug"

# The key beside a component's configuration for its qualified name, where its class is written as Keras's.
OWN_NAME = "kplug_component"

# Built-in classes that Keras lacks, or has under the name of something else.
_NOT_IN_KERAS = {
    "constraint": {"RadialConstraint"},
    "loss": {"Crossentropy"},
    "metric": {
        "AutoAccuracy",
        "BinaryFocalCrossentropy",
        "CategoricalFocalCrossentropy",
        "Crossentropy",
        "Huber",
    },
    "layer": {"ConvLSTMCell", "TensorOperation", "TorchModule"},
}


@dataclass(frozen=True)
class Names:
    """The names that the caller of a load brings along.

    Args:
        custom: Lookup keys of ``custom_objects``.
        generation: Which Keras wrote the names, since some mean something else in another one.
    """

    custom: Set[str] = frozenset()
    generation: Generation = KERAS_3

    @classmethod
    def of(
        cls, custom_objects: Mapping[str, Any] | None, generation: Generation = KERAS_3
    ) -> Names:
        """Return the names of ``custom_objects``, without Keras's ``package>`` in front."""
        keys = frozenset(lookup_key(strip_package(name)) for name in custom_objects or ())
        return cls(keys, generation)

    def qualify(self, kind: str, name: str) -> str:
        """Return what a name without a package means: the caller's object, a built-in, or a plugin's."""
        if self.is_custom(kind, name):
            return f"{CUSTOM}/{strip_package(name)}"
        return f"{BUILT_IN}/{name}" if find_built_in(kind, name) else name

    def qualify_package(self, kind: str, package: str, name: str) -> str:
        """Return what ``package>name`` means; it never means a built-in of that name."""
        if package.lower() == CUSTOM or self.is_custom(kind, name):
            return f"{CUSTOM}/{name}"
        return f"{package}/{name}"

    def is_custom(self, kind: str, name: str) -> bool:
        """Whether ``custom_objects``, a scope or a registration offers the name."""
        key = strip_package(name)
        return lookup_key(key) in self.custom or find_in_user_code(kind, key) is not None


def strip_package(name: str) -> str:
    """Return a name without Keras's ``package>``, and without underscores, in front.

    Example:
        >>> strip_package("Custom>dice"), strip_package("_dice")
        ('dice', 'dice')
    """
    return name.rpartition(">")[2].lstrip("_")


def strip_packages(custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``custom_objects`` by their names without Keras's ``package>`` in front.

    Raises:
        RegistrationError: Two packages have a name in common, for two objects.
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
    """Return the built-in component of a name, or None if there is none."""
    try:
        component = look_up(get_kind(kind), Spec(f"{BUILT_IN}/{name}")).component
    except KplugError:
        return None
    return component


def is_in_keras(kind: str, owner: type) -> bool:
    """Whether a class is a built-in component that Keras has too, under the same name."""
    name = next(iter(find_names(owner)), owner.__name__)
    component = find_built_in(kind, name)
    is_built_in = component is not None and REGISTRY.load(component) is owner
    return is_built_in and find_keras_class(kind, name) is not None


def find_keras_class(kind: str, name: str) -> str | None:
    """Return the name of Keras's class for a built-in component, or None if it has none."""
    component = find_built_in(kind, name)
    if component is None or not isinstance(component.target, str):
        return None
    owner = component.target.rpartition(":")[2]
    is_class = owner[:1].isupper()
    return owner if is_class and owner not in _NOT_IN_KERAS.get(kind, ()) else None
