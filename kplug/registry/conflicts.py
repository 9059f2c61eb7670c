"""Who wins when several plugins offer one name, or a plugin and the user's own code do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from kplug.registry.component import Component
from kplug.registry.errors import AmbiguousComponentError
from kplug.registry.index import Index
from kplug.registry.kinds import Kind
from kplug.registry.lookup_keys import keys_of, lookup_key
from kplug.registry.problems import Problem
from kplug.registry.quoting import quote

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


def choose(
    index: Index,
    ref: str,
    from_user: Choice | None,
    prefer: Sequence[str],
    is_stored: bool = False,
) -> Choice | None:
    """Decide what a bare name means.

    In this order: what the user's code offers, the user's preference, the built-in, the only
    candidate.

    Args:
        index: The installed components of the kind.
        ref: The bare name.
        from_user: What scopes and registrations offer under it.
        prefer: ``distribution`` or ``distribution/name``, best first.
        is_stored: Whether it is a name in a file, which means the built-in whatever is preferred.

    Returns:
        The choice, or None if nobody offers the name.

    Raises:
        AmbiguousComponentError: if several plugins do and nothing decides between them.
    """
    if from_user is not None:
        return from_user
    candidates = index.candidates(ref)
    if is_stored and candidates and candidates[0].origin.is_built_in:
        return Choice(candidates[0], "built-in")
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


def _ambiguous(kind: Kind, ref: str, candidates: Sequence[Component]) -> AmbiguousComponentError:
    names = [component.qualified_name for component in candidates]
    owners = ", ".join(f"{item.qualified_name} ({item.origin})" for item in candidates)
    return AmbiguousComponentError(
        f"the {kind.name} {quote(ref)} is offered by {len(candidates)} plugins: {owners}",
        kind=kind.name,
        ref=ref,
        candidates=names,
        hint=f"Write {names[0]!r}, or prefer one: KPLUG_PREFER={candidates[0].origin.distribution}",
    )


def find_shadowed_built_ins(index: Index) -> Iterator[Problem]:
    """Yield a problem for each name of a plugin that is a built-in's, in a kind where none may take it."""
    for component in index.components:
        if component.origin.is_built_in or component.is_qualified_only:
            continue
        for name in (component.name, *component.aliases):
            if index.candidates(name)[0].origin.is_built_in:
                message = (
                    f"the {index.kind.name} {name!r} is kplug's own, so that of this package is used as "
                    f"'{component.qualified_name}' alone. Give it another name"
                )
                yield Problem(component.origin, message)
