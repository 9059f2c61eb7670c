"""Names from the user's own code: temporary (`scope`), or valid until removed (`register`)."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace as copy_with
from typing import Any, NamedTuple, ParamSpec, TypeVar

from kplug.registry.candidates.conflicts import Choice
from kplug.registry.component import USER_CODE, Component, check_name
from kplug.registry.errors import RegistrationError
from kplug.registry.kinds import KINDS, Kind, find_kind, get_kind
from kplug.registry.lookup_keys import keys_of, lookup_key
from kplug.registry.quoting import quote

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Names = dict[tuple[str, str], Component]  # (kind, lookup key) -> component
Plans = dict[tuple[str, str], Any]  # (kind, text) -> its cached resolution


class _Memory(NamedTuple):
    """A cache of resolutions, with the state that it is valid for."""

    state: object
    registered: Names
    enclosing: tuple[_Table, ...]
    plans: Plans


@dataclass(eq=False, slots=True)
class _Table:
    """The immutable names of one scope, with the cache of resolutions where it is the innermost scope."""

    names: Names
    memory: _Memory | None = None


# Innermost last. Context variables keep one thread's or task's scopes out of another's.
_SCOPES: contextvars.ContextVar[tuple[_Table, ...]] = contextvars.ContextVar("scopes", default=())
_NO_SCOPE = _Table({})
_REGISTERED: Names = {}  # replaced as a whole, never changed: readers take no lock
_LOCK = threading.Lock()


class scope:  # noqa: N801 - used as a statement, `with kplug.scope(...)`, like contextlib's
    """Add names for the length of a ``with`` block, on top of all others and of enclosing scopes.

    Args:
        kinds: For each kind, by its plural, a mapping of name to object, ``"module:object"`` or
            ``Component``.

    Raises:
        RegistrationError: for an unknown kind or a name outside the grammar; nothing is added.

    Example:
        >>> def absolute(y_true, y_pred):
        ...     return (y_true - y_pred).abs()
        >>> with scope(losses={"mine": absolute}):
        ...     find_in_user_code("loss", "Mine").component.qualified_name
        'custom/mine'
    """

    def __init__(self, **kinds: Mapping[str, Any]) -> None:
        names: Names = {}
        for plural, declarations in kinds.items():
            kind = find_kind(plural)
            if kind is None or kind.plural != plural:
                raise RegistrationError(
                    f"scope() has no kind {quote(plural)}",
                    hint=f"Kinds are {', '.join(kind.plural for kind in KINDS.values())}.",
                )
            if not isinstance(declarations, Mapping):
                raise RegistrationError(
                    f"scope() is given {quote(declarations)} for {plural}",
                    hint=f"Give a dict: scope({plural}={{'name': …}}).",
                )
            for name, target in declarations.items():
                component = _make_component(kind, name, target)
                if any((kind.name, key) in names for key in keys_of(component)):
                    raise RegistrationError(
                        f"scope() is given the {kind.name} {quote(name)} twice",
                        hint="Spellings that differ in case, '_' or '-' only are one name.",
                    )
                names.update(_entries(component))
        self._table = _Table(names)

    def __enter__(self) -> scope:
        _SCOPES.set((*_SCOPES.get(), self._table))
        return self

    def __exit__(self, *_: object) -> None:
        # No context token is kept: several threads may have the same scope object open.
        open_ones = list(_SCOPES.get())
        last = max(place for place, table in enumerate(open_ones) if table is self._table)
        del open_ones[last]
        _SCOPES.set(tuple(open_ones))

    def bind(self, function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        """Return the function wrapped so that it sees this scope in whichever thread it runs.

        Scopes that enclose this one at the time of the call of ``bind`` go with it.
        """
        enclosing = tuple(table for table in _SCOPES.get() if table is not self._table)

        @functools.wraps(function)
        def inside(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            def call() -> Result:
                _SCOPES.set((*_SCOPES.get(), *enclosing, self._table))
                return function(*args, **kwargs)

            return contextvars.copy_context().run(call)

        return inside


def register(
    kind: str, name: str, target: object, *, aliases: tuple[str, ...] = (), replace: bool = False
) -> Component:
    """Add a name for the rest of the process.

    Args:
        kind: The kind, singular or plural.
        name: The name that strings will use.
        target: The object, ``"module:object"`` or a ``Component``.
        aliases: Further names.
        replace: Whether a name that was registered before may be taken over.

    Returns:
        The component, with ``custom/name`` as its qualified name.

    Raises:
        RegistrationError: if the name is registered already or outside the grammar; nothing changes.
    """
    global _REGISTERED
    component = _make_component(get_kind(kind), name, target, aliases)
    with _LOCK:
        entries = _entries(component)
        taken = {id(_REGISTERED[place]) for place in entries if place in _REGISTERED}
        if taken and not replace:
            raise RegistrationError(
                f"the {component.kind} {quote(name)} is registered already",
                hint="Pass replace=True to take the name over, or use kplug.scope for a while.",
            )
        kept = {place: item for place, item in _REGISTERED.items() if id(item) not in taken}
        _REGISTERED = kept | entries
    return component


def unregister(kind: str, name: str) -> None:
    """Take back what ``register`` added.

    Raises:
        RegistrationError: if no such name is registered.
    """
    global _REGISTERED
    record = get_kind(kind)
    with _LOCK:
        component = _REGISTERED.get((record.name, lookup_key(name)))
        if component is None:
            raise RegistrationError(
                f"no {record.name} {quote(name)} is registered",
                hint="Only what kplug.register added can be taken back.",
            )
        _REGISTERED = {k: item for k, item in _REGISTERED.items() if item is not component}


def find_in_user_code(kind: str, ref: str) -> Choice | None:
    """Return what the user's code offers under a name: innermost scope first, registrations last."""
    return next(list_in_user_code(kind, ref), None)


def list_in_user_code(kind: str, ref: str) -> Iterator[Choice]:
    """Yield everything that the user's code offers under a name, in the order in which it counts."""
    place = (kind, lookup_key(ref))
    for table in reversed(_SCOPES.get()):
        if place in table.names:
            yield Choice(table.names[place], "innermost scope")
    registered = _REGISTERED.get(place)
    if registered is not None:
        yield Choice(registered, "registered in code")


def plans_here(state: object) -> Plans:
    """Return what texts are known to mean here, to be added to.

    It is empty whenever a scope was opened, something was registered or the registry has another state.
    """
    scopes, registered = _SCOPES.get(), _REGISTERED
    innermost = scopes[-1] if scopes else _NO_SCOPE
    memory = innermost.memory
    if (
        memory is None
        or memory.state is not state
        or memory.registered is not registered
        or memory.enclosing != scopes[:-1]
    ):
        memory = innermost.memory = _Memory(state, registered, scopes[:-1], {})
    return memory.plans


def user_components(kind: str) -> list[Component]:
    """Return every component of a kind that the user's code offers here, each once."""
    tables = (*(table.names for table in reversed(_SCOPES.get())), _REGISTERED)
    found = {id(item): item for table in tables for item in table.values() if item.kind == kind}
    return list(found.values())


def _make_component(
    kind: Kind, name: str, target: object, aliases: tuple[str, ...] = ()
) -> Component:
    names = (*target.aliases, *aliases) if isinstance(target, Component) else tuple(aliases)
    for alias in names:
        check_name(alias)
    if isinstance(target, Component):
        return copy_with(target, name=name, aliases=names, kind=kind.name, origin=USER_CODE)
    if target is None:
        raise RegistrationError(
            f"the {kind.name} {quote(name)} is None",
            hint="Give the object that the name stands for.",
        )
    return Component(name, target, aliases=names, kind=kind.name, origin=USER_CODE)


def _entries(component: Component) -> Names:
    return {(component.kind, key): component for key in keys_of(component)}
