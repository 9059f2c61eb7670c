"""Custom objects: registers the user's classes and functions by name, as in Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

from kplug.dialect.names import strip_package
from kplug.models.configuration.reading import list_kinds, scope_of
from kplug.registry import register, unregister

Registered = TypeVar("Registered")


class CustomObjectScope:
    """Bind names to the user's own classes and functions inside a ``with`` block.

    Args:
        *custom_objects: Dicts of objects by name, whatever their kind.

    Example:
        >>> from kplug.layers import Layer, deserialize
        >>> class Twice(Layer):
        ...     def call(self, inputs):
        ...         return 2 * inputs
        >>> with CustomObjectScope({"Twice": Twice}):
        ...     deserialize({"class_name": "Twice", "config": {}})(3.0)
        tensor(6.)

    Reference:
        ``keras.utils.custom_object_scope``. ``kplug.scope`` takes the kind of each name.
    """

    def __init__(self, *custom_objects: Mapping[str, Any]) -> None:
        merged = {name: value for each in custom_objects for name, value in each.items()}
        self._scope = scope_of(merged)

    def __enter__(self) -> CustomObjectScope:
        self._scope.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._scope.__exit__(*error)


custom_object_scope = CustomObjectScope


class _CustomObjects(MutableMapping[str, Any]):
    """A dict that registers the user's objects by name until they are removed."""

    def __init__(self) -> None:
        self._objects: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._objects[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._objects:
            del self[name]
        for kind in list_kinds(value):
            register(kind, strip_package(name), value, replace=True)
        self._objects[name] = value

    def __delitem__(self, name: str) -> None:
        for kind in list_kinds(self._objects.pop(name)):
            unregister(kind, strip_package(name))

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._objects))

    def __len__(self) -> int:
        return len(self._objects)


_OBJECTS = _CustomObjects()


def get_custom_objects() -> MutableMapping[str, Any]:
    """Return the dict of the user's objects, whose names work wherever a component is named.

    Example:
        >>> from kplug.activations import get
        >>> get_custom_objects()["doubled"] = lambda x: 2 * x
        >>> get("doubled")(3)
        6
        >>> del get_custom_objects()["doubled"]

    Reference:
        ``keras.utils.get_custom_objects``. ``kplug.register`` takes the kind of a name.
    """
    return _OBJECTS


def register_keras_serializable(
    package: str = "Custom",  # noqa: ARG001 - files of Keras name it; names count without it
    name: str | None = None,
) -> Callable[[Registered], Registered]:
    """Register a class or a function under a name in files, as a decorator.

    Args:
        package: The prefix of the name in Keras's files; ignored here.
        name: The name; ``None`` is that of the class.

    Example:
        >>> from kplug.layers import Layer, deserialize
        >>> @register_keras_serializable()
        ... class Thrice(Layer):
        ...     def call(self, inputs):
        ...         return 3 * inputs
        >>> deserialize({"class_name": "Thrice", "config": {}})(1.0)
        tensor(3.)
        >>> del get_custom_objects()["Thrice"]

    Reference:
        ``keras.utils.register_keras_serializable``. Components for other users belong in a plugin.
    """

    def add(value: Registered) -> Registered:
        _OBJECTS[name or value.__name__] = value  # type: ignore[attr-defined]  # a class or a function
        return value

    return add
