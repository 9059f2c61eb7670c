"""Records the components that another one looks up during its construction, such as a default."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

from kplug.registry.component import BUILT_IN, Origin
from kplug.registry.loading.running_builds import find_owner

# Every component table states the version of kplug, which requires torch; every lock states both.
ALWAYS_RECORDED = BUILT_IN
_ATTRIBUTE = "_looked_up"

# A `Resolved`, whose module imports this one.
_Resolved: TypeAlias = Any
# Identifiers with their results.
_Found: TypeAlias = list[tuple[object, _Resolved]]
# One list for each component under construction, the innermost last.
_FOUND: ContextVar[tuple[_Found, ...]] = ContextVar("found", default=())


def note(identifier: object, resolved: _Resolved) -> None:
    """Record a look-up for the component under construction, unless each table and lock covers it.

    A result that is looked up again, as by the constructor of a base class, is recorded once.
    """
    making = _FOUND.get()
    if not making or _is_supplied_by(ALWAYS_RECORDED, resolved):
        return
    if all(identifier is not one.object for found in making for _, one in found):
        making[-1].append((identifier, resolved))


def _is_supplied_by(distributions: Collection[str], resolved: _Resolved) -> bool:
    """Return whether some distributions offer a component and all of its parts, and have their code."""
    component = resolved.component
    if not {component.origin.distribution, find_owner(component)}.issubset(distributions):
        return False
    return all(_is_supplied_by(distributions, part) for part in resolved.parts.values())


def drop_own(owner: Origin, found: Mapping[str, _Resolved]) -> dict[str, _Resolved]:
    """Return an object's look-ups without those of its own distribution, whose version its row states.

    The user's own code is no distribution and has no version.
    """
    own = () if owner.is_custom else (owner.distribution,)
    return {place: one for place, one in found.items() if not _is_supplied_by(own, one)}


@contextmanager
def noting() -> Iterator[_Found]:
    """Collect the look-ups made in this block; enclosing blocks do not receive them."""
    found: _Found = []
    token = _FOUND.set((*_FOUND.get(), found))
    try:
        yield found
    finally:
        _FOUND.reset(token)


@contextmanager
def remembering(owner: object, list_arguments: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """Attach the look-ups made in this block, such as a constructor's, to an object.

    Args:
        owner: The object.
        list_arguments: Returns the arguments, to which look-ups are matched.
    """
    with noting() as found:
        yield
    if not found:
        return
    for one in found:  # the enclosing construction records them, too
        note(*one)
    arguments = list_arguments()
    values = {**arguments, **vars(owner), **arguments}  # arguments come first
    vars(owner)[_ATTRIBUTE] = {**find_look_ups(owner), **name_places(owner, found, values)}


def bind_all(
    method: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by name, defaults included."""
    bound = inspect.signature(method).bind(*args, **kwargs)
    bound.apply_defaults()
    return {**bound.arguments, **kwargs}


def find_look_ups(instance: object) -> Mapping[str, _Resolved]:
    """Return the recorded components that an object looked up itself, by place."""
    found: Mapping[str, _Resolved] = getattr(instance, "__dict__", {}).get(_ATTRIBUTE, {})
    return found


def forget_look_ups(owner: object, kind: str) -> None:
    """Drop an object's recorded look-ups of a kind, when another component replaces them."""
    known = find_look_ups(owner)
    kept = {place: one for place, one in known.items() if one.kind != kind}
    if len(kept) < len(known):
        vars(owner)[_ATTRIBUTE] = kept


def name_places(
    owner: object, found: Iterable[tuple[object, _Resolved]], values: Mapping[str, Any]
) -> dict[str, _Resolved]:
    """Return look-ups by place: the argument that requested one, or else its kind.

    Args:
        owner: The object; look-ups that it has recorded already are left out.
        found: The look-ups that `noting` collected.
        values: The arguments that it was made with, defaults included.
    """
    remembered = [id(one) for one in find_look_ups(owner).values()]
    places: dict[str, _Resolved] = {}
    for identifier, resolved in found:
        if id(resolved) in remembered:
            continue
        place = _find_argument(identifier, values) or resolved.kind
        known: _Resolved = places.setdefault(place, resolved)
        if known.component is not resolved.component:
            places[f"{place}[{len(places)}]"] = resolved
    return places


def _find_argument(identifier: object, values: Mapping[str, Any]) -> str | None:
    for name, value in values.items():
        if _is_same(value, identifier):
            return name
        for at, item in enumerate(value if isinstance(value, (list, tuple)) else ()):
            if _is_same(item, identifier):
                return f"{name}[{at}]"
    return None


def _is_same(value: object, identifier: object) -> bool:
    return value is identifier or (isinstance(value, str) and value == identifier)
