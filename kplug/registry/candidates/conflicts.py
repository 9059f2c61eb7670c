"""Decides name conflicts between plugins, built-ins and the user's own code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from kplug.registry.candidates.index import Index
from kplug.registry.component import Component
from kplug.registry.errors import AmbiguousComponentError
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


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of the conflict rule for a name and for each component that has it.

    Args:
        kind: The requested kind.
        ref: The name as it was written.
        named: Every installed component of that name, built-ins first.
        choice: The chosen component; None if nobody offers the name, or if it is ambiguous.
        preference: The entry of the preferences that decided, if one did.
    """

    kind: Kind
    ref: str
    named: tuple[Component, ...] = ()
    choice: Choice | None = None
    preference: str | None = None

    @property
    def candidates(self) -> tuple[Component, ...]:
        """The components that the bare name may mean without a preference."""
        return tuple(item for item in self.named if not item.is_qualified_only)

    @property
    def is_ambiguous(self) -> bool:
        """Whether several plugins offer the name and nothing decides between them."""
        return self.choice is None and len(self.candidates) > 1

    def get(self) -> Choice | None:
        """Return the choice, or None if nobody offers the name.

        Raises:
            AmbiguousComponentError: if several plugins do and nothing decides between them.
        """
        if self.is_ambiguous:
            raise _ambiguous(self.kind, self.ref, self.candidates)
        return self.choice

    def explain(self, component: Component) -> str:
        """Return in words why a component with the name was chosen or not."""
        is_chosen = self.choice is not None and self.choice.component is component
        if self.choice is not None:
            rule: str = self.choice.rule
        else:
            rule = "nothing decides" if self.named else "qualified name"
        if component.is_qualified_only and not is_chosen and rule not in _BEFORE_ALL:
            return "its author offers it by its qualified name only, except to who prefers it"
        if is_chosen and rule == "only candidate" and len(self.named) > 1:
            return "the others have the name in their qualified names only"
        return (_WHY_CHOSEN if is_chosen else _WHY_NOT)[rule].format(preference=self.preference)


_BEFORE_ALL = ("qualified name", "innermost scope", "registered in code", "preferred")
_WHY_CHOSEN = {
    "qualified name": "the name says whose it is",
    "innermost scope": "the innermost scope that is open offers it, which goes before everything",
    "registered in code": "the program registered it, which goes before everything that is installed",
    "preferred": "{preference!r} is preferred, which goes before the built-in",
    "built-in": "it is built in, which goes before plugins where none is preferred",
    "only candidate": "nobody else offers the name",
}
_WHY_NOT = {
    "qualified name": "the name says that it is another package's",
    "innermost scope": "a scope that is open offers the name, which goes before everything",
    "registered in code": "the program registered the name, which goes before everything that is installed",
    "preferred": "{preference!r} is preferred",
    "built-in": "kplug's own goes first, unless another is preferred",
    "nothing decides": "several plugins offer the name, and none of them is preferred",
}


def decide(
    index: Index,
    ref: str,
    from_user: Choice | None,
    prefer: Sequence[str],
    is_stored: bool = False,
) -> Decision:
    """Decide which component a bare name means.

    The order is: the user's own code, the user's preference, the built-in, the only candidate.

    Args:
        index: The installed components of the kind.
        ref: The bare name.
        from_user: The choice among scopes and registrations.
        prefer: ``distribution`` or ``distribution/name``, best first.
        is_stored: Whether a file stores the name, which then means the built-in despite preferences.
    """
    made = partial(Decision, index.kind, ref, index.by_key.get(lookup_key(ref), ()))
    if from_user is not None:
        return made(from_user)
    candidates = made().candidates
    if is_stored and candidates and candidates[0].origin.is_built_in:
        return made(Choice(candidates[0], "built-in"))
    preferred, entry = _find_preferred(made().named, prefer)
    if preferred is not None:
        return made(_choice(preferred, "preferred", candidates), entry)
    if candidates and candidates[0].origin.is_built_in:
        return made(_choice(candidates[0], "built-in", candidates))
    if len(candidates) == 1:
        return made(Choice(candidates[0], "only candidate"))
    return made()


def _find_preferred(
    named: Sequence[Component], prefer: Sequence[str]
) -> tuple[Component | None, str | None]:
    """Return the component that is preferred most, with the entry that says so."""
    for entry in prefer:
        distribution, _, name = entry.partition("/")
        for component in named:
            fits = not name or lookup_key(name) in keys_of(component)
            if fits and component.origin.distribution == distribution:
                return component, entry
    return None, None


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
    """Yield a problem for each plugin component that a built-in of the same name shadows."""
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
