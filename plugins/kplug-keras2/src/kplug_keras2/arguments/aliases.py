"""Alias classes, which take Keras 1's and 2's arguments and create kplug's objects."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, TypeVar

from kplug import complete_config
from kplug.components.configurable import list_keywords
from kplug_keras2.arguments.output_shape import read_output_shape
from kplug_keras2.arguments.positional import read_positions
from kplug_keras2.arguments.renamed import modernise

_T = TypeVar("_T", bound=type)


class AliasType(type):
    """The metaclass of alias classes, which stand for kplug's classes.

    Calling an alias creates an object of kplug's class, so files, plugins and type checks work. Subclasses
    are ordinary classes, whose ``super().__init__`` takes the old arguments.
    """

    _original: type

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Create an object: of kplug's class for an alias, of the subclass otherwise."""
        if "_original" not in vars(cls):
            return super().__call__(*args, **kwargs)
        original = cls._original
        read = read_positions(original.__name__, args)
        named = read_keywords(original, kwargs)
        return original(*read, **read_output_shape(original, read, named))

    def __instancecheck__(cls, instance: object) -> bool:
        """Check against kplug's class for an alias, against the subclass otherwise."""
        original = vars(cls).get("_original")
        return (
            super().__instancecheck__(instance)
            if original is None
            else original in type(instance).__mro__
        )

    def __subclasscheck__(cls, subclass: type) -> bool:
        """Check a class in the same way."""
        original = vars(cls).get("_original")
        return (
            super().__subclasscheck__(subclass)
            if original is None
            else original in subclass.__mro__  # an abstract class would recurse into this check
        )

    def __eq__(cls, other: object) -> bool:
        """Compare by kplug's class, for scripts that write ``type(layer) == Dense``."""
        return cls is other or vars(cls).get("_original") is other

    def __hash__(cls) -> int:
        """Return the hash of kplug's class, which is equal."""
        original = vars(cls).get("_original")
        return super().__hash__() if original is None else hash(original)


def read_keywords(original: type, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Convert keyword arguments for a class of kplug's."""
    return modernise(original.__name__, kwargs, list_keywords(original))


def make_alias(original: _T, *extras: type) -> _T:
    """Return the alias of a class.

    Args:
        original: kplug's class.
        extras: Mixins with Keras 2's additions, for subclasses of the alias.
    """

    @functools.wraps(original.__init__)  # type: ignore[misc]
    def initialize(self: Any, *args: Any, **kwargs: Any) -> None:
        original.__init__(  # type: ignore[misc]
            self, *read_positions(original.__name__, args), **read_keywords(original, kwargs)
        )
        for extra in extras:
            extra._finish_init(self)  # type: ignore[attr-defined]

    names = {
        "__doc__": original.__doc__,
        "__init__": initialize,
        "__module__": __name__,
        "_original": original,
    }
    kind: Any = AliasType
    if type(original) is not type:  # an abstract class: its metaclass comes second
        kind = type(AliasType.__name__, (AliasType, type(original)), {})
    made: _T = kind(original.__name__, (*extras, original), names)
    return complete_config(made)  # its constructor takes older names, so no signature fits a call


def alias_classes(module: ModuleType, *extras: type) -> dict[str, Any]:
    """Return the public names of a module of kplug's, with an alias for each class.

    Args:
        module: The module.
        extras: Mixins with Keras 2's additions, for subclasses of the aliases.

    Returns:
        The names; all names of a class share its alias.
    """
    found = {name: getattr(module, name) for name in vars(module)["__all__"]}
    classes = {one for one in found.values() if isinstance(one, type)}
    aliases = {one: make_alias(one, *extras) for one in classes}
    return {
        name: aliases.get(one, one) if isinstance(one, type) else one for name, one in found.items()
    }
