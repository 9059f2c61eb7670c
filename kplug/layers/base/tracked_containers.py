"""Lists and dicts that register the layers inside them as submodules of their owner."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from torch import nn
from typing_extensions import Self

from kplug.errors import ContractError, GraphError
from kplug.support.nested import find_leaves
from kplug.support.weak_links import WeakLink

# Attributes of the base classes, which hold layers of a graph or no layers.
_NEVER_TRACKED = frozenset(
    {
        "activity_penalties",
        "inbound_nodes",
        "slots",
        "_by_name",
        "_chain",
        "_layers",
        "_tensors",
        "_users",
        "_write_guards",
    }
)


def make_room(owner: nn.Module, name: str, value: Any) -> Any:
    """Prepare an attribute for a value, and return the value to store.

    The modules in a list, tuple or dict become modules of the owner, named ``<name>_0``, ``<name>_1`` and
    so on in the order in which they were put in. Lists and dicts are replaced by copies that report later
    changes. The modules of its previous value are removed.

    Args:
        owner: The layer.
        name: The attribute.
        value: The value to assign.

    Raises:
        GraphError: The owner itself is in the value.
        ContractError: The owner is not initialized, so it cannot hold layers yet.
    """
    _refuse_owner(owner, name, value)
    forget(owner, name)
    if name in vars(owner).get("_modules", ()):
        _give_way(owner, name)
    if isinstance(value, nn.Module):
        value.train(owner.training)
    if isinstance(value, (list, tuple, dict)):
        return _track(owner, name, value)
    return value


def _track(owner: nn.Module, name: str, value: Any) -> Any:
    if name in _NEVER_TRACKED or not _may_hold_modules(value):
        return value
    tracker = Tracker(owner, name)
    tracker.add(value)
    return tracker.wrap(value)


def _may_hold_modules(value: object) -> bool:
    """Return whether a value contains modules, or is vacant and may receive some later."""
    return next(find_leaves(value, nn.Module), None) is not None or _is_vacant(value)


def _is_vacant(value: object) -> bool:
    """Return whether a value is empty, or contains only None and vacant values."""
    if isinstance(value, dict):
        return all(map(_is_vacant, value.values()))
    return value is None or (isinstance(value, (list, tuple)) and all(map(_is_vacant, value)))


def list_containers(owner: nn.Module) -> list[tuple[str, object]]:
    """Return the attributes that are lists, tuples or dicts with modules inside, and their names."""
    return [
        (name, value)
        for name, value in vars(owner).items()
        if name not in _NEVER_TRACKED
        and name != "_modules"
        and isinstance(value, (list, tuple, dict))
        and next(find_leaves(value, nn.Module), None) is not None
    ]


def require_initialized(layer: object) -> None:
    """Refuse a layer whose constructor did not call ``Layer``'s.

    Raises:
        ContractError: ``Layer``'s constructor has not run.
    """
    if "_store" not in vars(layer):
        name = type(layer).__name__
        raise ContractError(
            f"{name}.__init__ has not called super().__init__()",
            hint=f"Begin {name}.__init__ with super().__init__(**kwargs).",
        )


def _refuse_owner(owner: nn.Module, name: str, value: object) -> None:
    """Refuse a value for an attribute of a layer if that layer is inside it."""
    if name in _NEVER_TRACKED or not isinstance(value, (nn.Module, list, tuple, dict)):
        return
    for module in find_leaves(value, nn.Module):
        require_initialized(owner)
        _refuse_itself(owner, module)


def forget(owner: nn.Module, name: str) -> None:
    """Unregister the modules of a list or dict that was an attribute of a layer."""
    tracked = vars(owner).get(name)
    if isinstance(tracked, (TrackedList, TrackedDict)):
        tracked.tracker.remove_all()


def _give_way(owner: nn.Module, name: str) -> None:
    """Rename a module of a list whose name an attribute is about to take."""
    modules = owner._modules
    module = modules[name]
    for attribute, value in list_containers(owner):
        if all(one is not module for one in find_leaves(value, nn.Module)):
            continue
        free = (f"{attribute}_{number}" for number in itertools.count())
        key = next(one for one in free if one not in modules)
        renamed = [(key if one == name else one, child) for one, child in modules.items()]
        modules.clear()
        modules.update(renamed)  # keep the order, which determines the order of the weights
        if isinstance(value, (TrackedList, TrackedDict)):
            value.tracker.rename(name, key)
        return


class Tracker:
    """Registers the modules in one attribute as submodules of its owner.

    Args:
        owner: The layer.
        name: The attribute.
    """

    def __init__(self, owner: nn.Module, name: str) -> None:
        self._link = WeakLink(owner)
        self._name = name
        self._count = 0
        self._keys: list[str] = []

    def add(self, value: object) -> None:
        """Register the modules in a value, as long as the owner lives."""
        owner = self._link()
        if owner is None:
            return
        modules = owner._modules
        for module in find_leaves(value, nn.Module):
            _refuse_itself(owner, module)
            if any(known is module for known in modules.values()):
                continue
            key = f"{self._name}_{self._count}"
            while key in modules:
                self._count += 1
                key = f"{self._name}_{self._count}"
            module.train(owner.training)
            modules[key] = module
            self._keys.append(key)

    def check(self, value: object) -> None:
        """Refuse a value that contains the owner, before anything is changed."""
        owner = self._link()
        if owner is not None:
            _refuse_owner(owner, self._name, value)

    def compare(self) -> None:
        """Unregister modules that left the attribute, and register new ones."""
        owner = self._link()
        if owner is None:
            return
        value = vars(owner).get(self._name)
        kept = {id(module) for module in find_leaves(value, nn.Module)}
        modules = owner._modules
        gone = [key for key in self._keys if id(modules.get(key)) not in kept]
        for key in gone:
            modules.pop(key, None)
            self._keys.remove(key)
        self.add(value)

    def rename(self, old: str, new: str) -> None:
        """Record the new name of a module, also if it was an attribute before."""
        self._keys = [*(key for key in self._keys if key != old), new]

    def remove_all(self) -> None:
        """Unregister all modules of the attribute."""
        owner = self._link()
        if owner is not None:
            for key in self._keys:
                owner._modules.pop(key, None)
        self._keys.clear()

    def wrap(self, value: Any) -> Any:
        """Return a copy whose lists and dicts report changes to this object."""
        if isinstance(value, list):
            return TrackedList((self.wrap(part) for part in value), self)
        if isinstance(value, dict):
            return TrackedDict({key: self.wrap(part) for key, part in value.items()}, self)
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return tuple(self.wrap(part) for part in value)
        return value


def _refuse_itself(owner: Any, module: nn.Module) -> None:
    """Refuse a module that is or contains the owner."""
    if any(inner is owner for inner in module.modules()):
        kind = "model" if hasattr(owner, "layers") else "layer"
        raise GraphError(f"{kind} {owner.name!r} cannot be a layer of itself")


def _telling(change: Callable[..., Any]) -> Any:
    """Return a method that changes the container and reports it to the tracker."""

    def change_and_tell(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.tracker.check((args, kwargs))
        args = tuple(self.tracker.wrap(value) for value in args)
        result = change(self, *args, **{key: self.tracker.wrap(kwargs[key]) for key in kwargs})
        self.tracker.compare()
        return result

    return change_and_tell


class TrackedList(list[Any]):
    """A list attribute of a layer, whose layers are the layer's submodules.

    Copies and unpickled objects are plain lists.
    """

    def __init__(self, values: Iterable[Any], tracker: Tracker) -> None:
        super().__init__(values)
        self.tracker = tracker

    def append(self, value: Any) -> None:
        """Append a value."""
        self.tracker.add(value)
        super().append(self.tracker.wrap(value))

    def extend(self, values: Iterable[Any]) -> None:
        """Append all values."""
        for value in list(values):  # it may be this list
            self.append(value)

    def __iadd__(self, values: Iterable[Any]) -> Self:  # type: ignore[misc]
        self.extend(values)
        return self

    insert = _telling(list.insert)
    pop = _telling(list.pop)
    remove = _telling(list.remove)
    clear = _telling(list.clear)
    __setitem__ = _telling(list.__setitem__)
    __delitem__ = _telling(list.__delitem__)
    __imul__ = _telling(list.__imul__)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (list(self),)


class TrackedDict(dict[Any, Any]):
    """A dict attribute of a layer, whose layers are the layer's submodules.

    Copies and unpickled objects are plain dicts.
    """

    def __init__(self, values: dict[Any, Any], tracker: Tracker) -> None:
        super().__init__(values)
        self.tracker = tracker

    __setitem__ = _telling(dict.__setitem__)
    __delitem__ = _telling(dict.__delitem__)
    pop = _telling(dict.pop)
    popitem = _telling(dict.popitem)
    setdefault = _telling(dict.setdefault)
    update = _telling(dict.update)
    clear = _telling(dict.clear)
    __ior__ = _telling(dict.__ior__)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (dict(self),)
