"""`Registry`: discovers components once and loads them on first use; thread-safe."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from kplug.registry.candidates.conflicts import find_shadowed_built_ins
from kplug.registry.candidates.index import Index, build_index
from kplug.registry.candidates.installable_packages import Package
from kplug.registry.candidates.scopes import user_components
from kplug.registry.component import Component, Origin
from kplug.registry.installed.computed_once import Once
from kplug.registry.installed.discovery import Discovery, discover, search_path_fingerprint
from kplug.registry.installed.hook_modules import Item
from kplug.registry.installed.lenders import find_idle_modules
from kplug.registry.installed.plugin_kinds import merge_kinds
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.kinds import BUILT_IN_KINDS, COMMAND, HOOKED, KINDS, Kind
from kplug.registry.lifecycle import Lifecycle
from kplug.registry.loading.importer import TargetError
from kplug.registry.loading.load_failures import explain_failure
from kplug.registry.loading.running_builds import warn_of_replacement
from kplug.registry.policy import Policy, read_policy
from kplug.registry.problems import Problem, is_half_imported

if TYPE_CHECKING:
    from kplug.registry.installed.summaries import InstalledCode

_IS_ASKING = ContextVar("_IS_ASKING", default=False)


@dataclass(slots=True)
class _State:
    """The results of one discovery, swapped as a whole."""

    policy: Policy
    discovery: Discovery
    fingerprint: object
    kinds: Once[dict[str, Kind]] = field(init=False)
    refused_kinds: list[Problem] = field(default_factory=list)
    indexes: dict[str, Once[Index]] = field(default_factory=dict)
    objects: dict[tuple[str, str], Any] = field(default_factory=dict)
    failures: dict[tuple[str, str], tuple[BaseException, object]] = field(default_factory=dict)
    warned: set[tuple[str, ...]] = field(default_factory=set)
    code: InstalledCode | None = None

    def __post_init__(self) -> None:
        self.kinds = Once(partial(_ask_for_kinds, self))


class Registry:
    """Finds components by name and loads them when they are first used."""

    def __init__(self) -> None:
        self._prefer: tuple[str, ...] = ()
        self.reload()

    @property
    def state(self) -> _State:
        """The results of the last discovery; the first access discovers."""
        return self._state.get()

    def reload(self) -> None:
        """Drop all cached results: settings, plugins, failures."""
        self._policy = Once(lambda: (read_policy(), True))
        self.refresh()

    def refresh(self) -> None:
        """Repeat the discovery under the same settings.

        The settings are those of the working directory at first use: changing the directory later must not
        change what may load.
        """
        importlib.invalidate_caches()  # makes newly installed modules visible
        self._state = Once(partial(_discover, self._policy, self._prefer))

    def prefer(self, *entries: str) -> None:
        """Let these distributions, or ``distribution/name``, win a bare name over all others.

        Each call replaces the previous preferences; without arguments it clears them.

        Raises:
            PolicyError: for an entry that is neither; the preferences stay as they were.
        """
        Policy().preferring(entries)  # invalid entries fail here, not at the next look-up
        self._prefer = entries
        self.refresh()

    def is_stale(self) -> bool:
        """Whether something was installed or removed since the last discovery."""
        return self.state.fingerprint != search_path_fingerprint()

    def index(self, kind: Kind) -> Index:
        """Return the installed components of a kind.

        A plugin may call this while its own hooks run: it then gets the components of the others.
        """
        state = self.state
        once = state.indexes.get(kind.name)
        if once is None:
            once = state.indexes.setdefault(kind.name, Once(partial(_ask_plugins, state, kind)))
        index = once.found
        if index is None:
            for supplier in state.discovery.suppliers:
                supplier.load_modules()
            index = once.get()
        return index

    @property
    def kinds(self) -> dict[str, Kind]:
        """All kinds by name: kplug's own, then those that plugins add."""
        once = self.state.kinds
        if once.found is None:
            for supplier in self.state.discovery.suppliers:
                supplier.load_modules()
        return once.get()

    def list_kinds_known_to(self, origin: Origin) -> dict[str, Kind]:
        """Return the kinds that a distribution or its requirements add; user code knows those of all."""
        added = {name: kind for name, kind in self.kinds.items() if name not in BUILT_IN_KINDS}
        if not added or origin.is_custom:
            return added
        known = self.state.discovery.importer.list_required(origin.distribution)
        known = (origin.distribution, *known)
        return {name: kind for name, kind in added.items() if kind.origin.distribution in known}

    def is_known(self, kind: Kind) -> bool:
        """Whether every plugin has declared its components of a kind."""
        return kind.name in self.state.indexes and self.state.indexes[kind.name].found is not None

    def components(self, kind: Kind) -> tuple[Component, ...]:
        """Return every component of a kind, the user's own first."""
        return (*user_components(kind.name), *self.index(kind).components)

    def summarize(self, component: Component) -> str:
        """Return one line about a component: its author's summary, else the first line of its docstring.

        The docstring is read from the source, without an import; the line is empty if there is no source.
        """
        from kplug.registry.installed.summaries import InstalledCode  # for listings alone

        state = self.state
        state.code = state.code or InstalledCode()
        return state.code.summarize(component)

    def find_lifecycle(self, component: Component) -> Lifecycle | None:
        """Return the lifecycle of a component: its own, else that of its distribution, else None."""
        if component.lifecycle is not None:
            return Lifecycle(component.lifecycle, component.successor)
        return self.find_lifecycle_of(component.origin.distribution)

    def find_lifecycle_of(self, distribution: str) -> Lifecycle | None:
        """Return the lifecycle that a distribution states; None if it states none."""
        supplier = self.state.discovery.by_name.get(distribution)
        return supplier.lifecycle if supplier is not None else None

    def problems(self, kind: Kind | None = None) -> list[Problem]:
        """Return the problems of installed plugins that are visible without importing components.

        Args:
            kind: Leave out problems of components of other kinds, and of commands.
        """
        for each in (HOOKED | self.kinds).values() if kind is None else [kind]:
            self.index(each)
        discovery = self.state.discovery
        found = (supplier.problems_with(kind) for supplier in discovery.suppliers)
        refused = find_shadowed_built_ins(self.index(COMMAND)) if kind is None else []
        lent = find_idle_modules(discovery.suppliers) if kind is None else []
        return [
            *discovery.problems,
            *(problem for problems in found for problem in problems),
            *self.state.refused_kinds,
            *refused,
            *lent,
            *self._idle_preferences(),
        ]

    def find_packages(self, kind: str, name: str, distribution: str | None = None) -> list[Package]:
        """Ask the plugins which packages offer a name that is not installed; their errors become problems.

        A reentrant call, from a plugin that is being asked, gets no answer.

        Args:
            kind: The requested kind.
            name: The name, as written.
            distribution: Only packages of this distribution count.
        """
        facts = {"kind": kind, "name": name, "distribution": distribution}
        with _asking() as suppliers:
            found = dict.fromkeys(
                package
                for supplier in suppliers
                for package in supplier.ask(Package, "kplug_offers", **facts)
            )
        return [package for package in found if distribution in (None, package.distribution)]

    def find_reasons(
        self, kind: str, name: str, distribution: str | None = None
    ) -> list[tuple[Origin, str]]:
        """Ask the plugins why they leave out a name, as `find_packages` does."""
        with _asking() as suppliers:
            asked = [one for one in suppliers if distribution in (None, one.origin.distribution)]
            found = [(supplier.origin, supplier.find_reason(kind, name)) for supplier in asked]
        return [(origin, reason) for origin, reason in found if reason is not None]

    def ask_all(
        self, item: type[Item], hook: str, **arguments: object
    ) -> tuple[list[Item], list[Problem]]:
        """Return what the plugins answer to a hook, and the problems of their answers."""
        suppliers = self.state.discovery.suppliers
        found = [each for supplier in suppliers for each in supplier.ask(item, hook, **arguments)]
        return found, [problem for each in suppliers for problem in each.problems_with_answer(hook)]

    def unmet_preferences(self) -> list[Problem]:
        """Return a problem for each preference whose target is absent, switched off or not offered."""
        preferred = {entry.partition("/")[0] for entry in self.state.policy.prefer}
        problems = self.state.discovery.problems
        absent = [problem for problem in problems if problem.origin.distribution in preferred]
        return [*absent, *self._idle_preferences()]

    def _idle_preferences(self) -> list[Problem]:
        policy, discovery = self.state.policy, self.state.discovery
        preferred = dict.fromkeys(entry.partition("/")[0] for entry in policy.prefer)
        refused = [discovery.refused[name] for name in preferred if name in discovery.refused]
        problems = [
            Problem(
                supplier.origin,
                f"it is preferred, but it is switched off: {reason}",
                topic="setting",
            )
            for supplier, reason in refused
        ]
        installed = {supplier.origin.distribution for supplier in discovery.suppliers}
        for entry in policy.prefer:
            distribution, slash, name = entry.partition("/")
            indexes = map(self.index, (HOOKED | self.kinds).values())
            is_judged = slash and distribution in installed
            if is_judged and not any(i.find_qualified(distribution, name) for i in indexes):
                message = f"it is preferred for {name!r}, which it does not offer"
                problems.append(Problem(Origin(distribution), message, topic="setting"))
        return problems

    def load(self, component: Component) -> Any:
        """Return the object of a component, importing its module if need be.

        Raises:
            DisabledComponentError: if the module belongs to a plugin that is switched off.
            PluginLoadError: if that fails; the cause is chained. It is cached until something is installed,
                which may repair it, or until ``reload``.
        """
        target = component.target
        if not isinstance(target, str):
            return target
        state = self.state
        place = (component.origin.distribution, target)  # permission depends on the distribution
        if place in state.objects:
            return state.objects[place]
        error, seen = state.failures.get(place, (None, None))
        if error is not None and seen != search_path_fingerprint():
            importlib.invalidate_caches()
            state.discovery.importer.forget()
            error = None
        if error is None:
            # No lock: another thread may be importing the same module, which may call the registry. Python's
            # import locks ensure a single import.
            try:
                found = state.discovery.importer.load(component.origin, target)
            except KeyboardInterrupt:
                raise
            except BaseException as caught:  # noqa: BLE001 - also SystemExit, kept and explained
                error = caught
                if not is_half_imported(caught):
                    state.failures[place] = (caught, search_path_fingerprint())
            else:
                self._warn_of_replacement(state, component.origin.distribution)
                return state.objects.setdefault(place, found)
        raise explain_failure(component, error) from error

    def find_target_error(self, component: Component) -> TargetError | None:
        """Return why `load` refuses a component before it imports anything, or None."""
        target = component.target
        importer = self.state.discovery.importer
        return (
            importer.find_target_error(component.origin, target)
            if isinstance(target, str)
            else None
        )

    def load_part(self, kind: Kind, target: str) -> Any:
        """Return the adapter of a kind or its suite of checks, loaded like a component."""
        return self.load(_describe_part(kind, target))

    def _warn_of_replacement(self, state: _State, distribution: str) -> None:
        if ("replaced", distribution) not in state.warned:
            state.warned.add(("replaced", distribution))
            warn_of_replacement(distribution)


@contextmanager
def _asking() -> Iterator[list[Supplier]]:
    """Yield the plugins to ask about a missing name; none in a reentrant call."""
    if _IS_ASKING.get():
        yield []
        return
    token = _IS_ASKING.set(True)
    try:
        yield REGISTRY.state.discovery.suppliers
    finally:
        _IS_ASKING.reset(token)


@cache
def _describe_part(kind: Kind, target: str) -> Component:
    return Component(kind.name, target, kind="kind", origin=kind.origin)


def _discover(read: Once[Policy], prefer: tuple[str, ...]) -> tuple[_State, bool]:
    policy = read.get()
    if prefer:
        policy = policy.preferring(prefer)
    return _State(policy, discover(policy), search_path_fingerprint()), True


def _ask_for_kinds(state: _State) -> tuple[dict[str, Kind], bool]:
    suppliers = state.discovery.suppliers
    offered = [
        replace(kind, origin=supplier.origin)
        for supplier in suppliers
        for kind in supplier.ask(Kind, "kplug_kinds")
    ]
    kinds, state.refused_kinds = merge_kinds(offered)
    for supplier in suppliers:
        supplier.refuse_kinds_but((HOOKED | kinds).values())
    return kinds, all(supplier.is_read for supplier in suppliers)


def _ask_plugins(state: _State, kind: Kind) -> tuple[Index, bool]:
    """Return the index, and whether every plugin's answer is final."""
    suppliers = [one for one in state.discovery.suppliers if one.may_offer(kind)]
    offers = [supplier.offer(kind) for supplier in suppliers]
    known = {id(supplier.find_offer(kind)) for supplier in suppliers}
    index = build_index(kind, (item for offer in offers for item in offer.values()))
    return index, all(id(offer) in known for offer in offers)


REGISTRY = Registry()
KINDS.ask = lambda: REGISTRY.kinds
