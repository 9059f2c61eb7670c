"""`StatedLifecycles`: what a distribution's entry points say of the lifecycles of its components."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from kplug.registry.component import Component, Origin
from kplug.registry.errors import RegistrationError
from kplug.registry.installed.declarations import Offer
from kplug.registry.kinds import Kind
from kplug.registry.lifecycle import LIFECYCLE_GROUP, OF_DISTRIBUTION, Lifecycle, parse_lifecycle
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.problems import Problem
from kplug.registry.quoting import quote
from kplug.registry.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class StatedLifecycles:
    """The entry points of the group ``kplug.lifecycle``.

    Args:
        about: The lifecycle by the entry point's name: ``kind.name``, or ``distribution``.
        problems: Those that cannot be read.
    """

    about: Mapping[str, Lifecycle] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def apply(self, kind: Kind, offer: Offer, origin: Origin) -> Offer:
        """Return an offer whose components have their lifecycles, with a problem for each idle one."""
        stated = {
            lookup_key(name): (name, lifecycle)
            for of_kind, _, name, lifecycle in self._list()
            if of_kind == kind.name
        }
        if not stated:
            return offer
        components = []
        for component in offer.components:
            _, found = stated.pop(lookup_key(component.name), (None, None))
            components.append(component if found is None else _with(component, found))
        problems = (_explain(origin, kind, name, components) for name, _ in stated.values())
        return Offer(tuple(components), (*offer.problems, *problems))

    def refuse_kinds_but(self, known: Collection[str], origin: Origin) -> Iterator[Problem]:
        """Yield a problem for each entry point of a kind that does not exist."""
        for kind, name, _, _ in self._list():
            if kind not in known:
                hint = did_you_mean(kind, known) or "Write 'kind.name', as in 'loss.dice_loss'."
                yield _refuse(origin, name, f"is of no kind. {hint}")

    def _list(self) -> Iterator[tuple[str, str, str, Lifecycle]]:
        """Yield kind, name of the entry point, name of the component, and lifecycle."""
        for key, lifecycle in self.about.items():
            kind, _, name = key.partition(".")
            if key != OF_DISTRIBUTION:
                yield kind, key, name, lifecycle


def read_lifecycles(entries: Iterable[tuple[str, str]], origin: Origin) -> StatedLifecycles:
    """Read the entry points of the group: pairs of name and value."""
    about: dict[str, Lifecycle] = {}
    problems = []
    for name, value in entries:
        try:
            about[name] = parse_lifecycle(name, value)
        except RegistrationError as error:
            problems.append(_refuse(origin, name, f"is not read: {error.message}. {error.hint}"))
    return StatedLifecycles(about, tuple(problems))


def _with(component: Component, lifecycle: Lifecycle) -> Component:
    return replace(component, lifecycle=lifecycle.stage, successor=lifecycle.successor)


def _explain(origin: Origin, kind: Kind, name: str, components: Iterable[Component]) -> Problem:
    key = lookup_key(name)
    owner = next((one for one in components if key in map(lookup_key, one.aliases)), None)
    if owner is None:
        return _refuse(origin, f"{kind.name}.{name}", f"is about no {kind.name} that it offers")
    return _refuse(
        origin,
        f"{kind.name}.{name}",
        f"is about an alias of {owner.name!r}, which has no lifecycle of its own. Let the old name be a "
        "function that calls the new one",
    )


def _refuse(origin: Origin, name: str, reason: str) -> Problem:
    return Problem(origin, f"its entry point {quote(name)} in {LIFECYCLE_GROUP!r} {reason}")
