"""`Supplier`: the components of one distribution, from its entry points and its hooks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import pluggy

from kplug.registry.component import Component, Origin
from kplug.registry.installed.computed_once import Once
from kplug.registry.installed.declarations import (
    Offer,
    merge_offers,
    read_declarations,
    read_entry_points,
)
from kplug.registry.installed.entry_point_groups import MODULE_GROUP, explain_unknown_group
from kplug.registry.installed.heavy_imports import HeavyImports
from kplug.registry.installed.hook_modules import (
    Item,
    ask_for,
    call_hook,
    check_hooks,
    read_list,
    read_reasons,
)
from kplug.registry.installed.stated_lifecycles import StatedLifecycles, read_lifecycles
from kplug.registry.installed.stopwatch import Stopwatch
from kplug.registry.kinds import HOOKED, Kind
from kplug.registry.lifecycle import LIFECYCLE_GROUP, OF_DISTRIBUTION, Lifecycle
from kplug.registry.loading.importer import Importer, is_of_python
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.metadata import read_classified_lifecycle
from kplug.registry.policy import Installed
from kplug.registry.problems import Problem, describe_error, is_half_imported
from kplug.registry.user_warnings import describe_caller


class _Loaded(NamedTuple):
    managers: tuple[pluggy.PluginManager, ...]
    problems: tuple[Problem, ...]


_NO_MODULES = Once.known(_Loaded((), ()))


class _Offered(NamedTuple):
    components: dict[str, Component]
    problems: tuple[Problem, ...]


class Supplier:
    """A distribution and everything it declares.

    It catches every exception of its plugin's code, so that one plugin cannot break the look-up of others.
    It stamps each component with its origin.

    Args:
        origin: The distribution.
        entries: For each entry-point group, the static tier's pairs of name and target.
        modules: The dynamic tier: modules with hookimpls, or ``module:object``.
        importer: Imports the modules.
        distribution: The distribution object of ``importlib_metadata``.
    """

    def __init__(
        self,
        origin: Origin,
        entries: dict[str, list[tuple[str, str]]] | None = None,
        modules: Sequence[str] = (),
        importer: Importer | None = None,
        distribution: Any = None,
    ) -> None:
        self.origin = origin
        self._distribution = distribution
        self.entries = entries or {}
        self._modules, self._importer = tuple(modules), importer or Importer()
        self._loaded = Once(self._load_modules) if modules else _NO_MODULES
        self._offers: dict[str, Once[_Offered]] = {}  # by kind
        self._unread_groups: tuple[Problem, ...] = ()
        self._answers: dict[str, tuple[Problem, ...]] = {}  # by hook: the last answer's problems
        self.seconds: dict[
            str, float
        ] = {}  # seconds that each module of hooks took to import, without nested ones
        self._questions: list[str] = []  # where a module called the registry during its import

    @property
    def installed(self) -> Installed:
        """The facts that settings compare."""
        return Installed(
            self.origin.distribution,
            self.origin.version,
            lambda: self.record_hash,
            find_stage=lambda: self.lifecycle.stage if self.lifecycle else None,
        )

    @functools.cached_property
    def lifecycle(self) -> Lifecycle | None:
        """The lifecycle of the distribution, of an entry point or a classifier; None if it states none."""
        if OF_DISTRIBUTION in self._stated.about:
            return self._stated.about[OF_DISTRIBUTION]
        return self._distribution and read_classified_lifecycle(self._distribution)

    @functools.cached_property
    def _stated(self) -> StatedLifecycles:
        return read_lifecycles(self.entries.get(LIFECYCLE_GROUP, ()), self.origin)

    @functools.cached_property
    def record_hash(self) -> str | None:
        """The hash of its files; None without a readable ``RECORD``."""
        from kplug.registry.loading.distribution_hash import (
            hash_distribution,  # few settings name a hash
        )

        try:
            return hash_distribution(self._distribution) if self._distribution else None
        except Exception:  # noqa: BLE001 - a RECORD may hold anything
            return None

    @property
    def has_hooks(self) -> bool:
        """Whether it may offer more than `declared_names`, as it has modules of hooks."""
        return bool(self._modules)

    def may_offer(self, kind: Kind) -> bool:
        """Whether it may have components of a kind, judged without importing anything."""
        return self.has_hooks or kind.group in self.entries

    @property
    def declared_names(self) -> list[tuple[str, str]]:
        """Pairs of entry-point group and name that are known without importing anything."""
        return [(group, name) for group, pairs in self.entries.items() for name, _ in pairs]

    def problems_with(self, kind: Kind | None = None) -> list[Problem]:
        """Return problems of the declarations of one kind, or of all that were read, then general ones."""
        added = sorted(self._offers.keys() - HOOKED.keys())
        kinds = [*HOOKED, *added] if kind is None else [kind.name]
        return [
            *(item for name in kinds for item in self._problems_of(name)),
            *self._general_problems,
        ]

    @property
    def _general_problems(self) -> list[Problem]:
        loaded = self._loaded.found
        return [
            *self._unread_groups,
            *self._stated.problems,
            *(loaded.problems if loaded is not None else ()),
            *(item for problems in self._answers.values() for item in problems),
        ]

    def _problems_of(self, kind: str) -> tuple[Problem, ...]:
        offered = self._offers[kind].found if kind in self._offers else None
        return offered.problems if offered is not None else ()

    def load_modules(self) -> _Loaded:
        """Import the modules of hooks, once.

        A module that calls the registry during its import reenters this method; its hooks are unknown then.
        """
        if not self._loaded.is_computed_here:
            return self._loaded.get()
        self._questions.append(describe_caller())
        return _Loaded((), ())

    def offer(self, kind: Kind) -> dict[str, Component]:
        """Return the components of one kind by declared name; a reentrant call gets the static tier."""
        offered = self._offers.get(kind.name)
        if offered is None:  # without modules, no foreign code runs
            new = Once(lambda: self._ask(kind)) if self._modules else Once.known(self._read(kind))
            offered = self._offers.setdefault(kind.name, new)
        return self._read(kind).components if self._is_asked_here() else offered.get().components

    def find_offer(self, kind: Kind) -> dict[str, Component] | None:
        """Return the final result of `offer`, or None if it is not known yet."""
        once = self._offers.get(kind.name)
        found = once.found if once is not None else None
        return found.components if found is not None else None

    def ask(self, item: type[Item], hook: str, **arguments: object) -> list[Item]:
        """Return the list that its modules answer to a hook; faults of the answer become problems.

        Args:
            item: The type of the list's items.
            hook: The name of the hook.
            arguments: The arguments of the call.
        """
        return self._ask_modules(functools.partial(read_list, item), hook, **arguments)

    def find_reason(self, kind: str, name: str) -> str | None:
        """Return why it leaves out a name of the library that it wraps, or None."""
        reasons = self._ask_modules(read_reasons, "kplug_left_out", kind=kind)
        key = lookup_key(name)
        return next((reason for own, reason in reasons if lookup_key(own) == key), None)

    def _ask_modules(
        self, read: Callable[[object], Sequence[Item]], hook: str, **arguments: object
    ) -> list[Item]:
        managers = self.load_modules().managers
        found, self._answers[hook] = ask_for(read, managers, self.origin, hook, **arguments)
        return found

    def problems_with_answer(self, hook: str) -> tuple[Problem, ...]:
        """Return the problems of its last answer to a hook that `ask` has called."""
        return self._answers.get(hook, ())

    def refuse_kinds_but(self, kinds: Collection[Kind]) -> None:
        """Record a problem for each entry-point group, and each lifecycle, of a kind that does not exist."""
        groups = [*(kind.group for kind in kinds), MODULE_GROUP, LIFECYCLE_GROUP]
        self._unread_groups = (
            *(
                explain_unknown_group(self.origin, group, groups)
                for group in self.entries
                if group not in groups
            ),
            *self._stated.refuse_kinds_but({kind.name for kind in kinds}, self.origin),
        )

    @property
    def is_read(self) -> bool:
        """Whether its modules are imported, so that its answers are final."""
        return self._loaded.found is not None

    def _is_asked_here(self) -> bool:
        """Whether this thread is inside this plugin's code, called by the registry (reentrancy)."""
        is_loading = self._loaded.is_computed_here
        return is_loading or any(once.is_computed_here for once in list(self._offers.values()))

    def _ask(self, kind: Kind) -> tuple[_Offered, bool]:
        loaded = self.load_modules()
        offered = self._read(kind, loaded.managers)
        problems = (*loaded.problems, *offered.problems)
        return offered, not any(is_half_imported(problem.cause) for problem in problems)

    def _read(self, kind: Kind, managers: Sequence[pluggy.PluginManager] = ()) -> _Offered:
        offers = [read_entry_points(kind, self.entries.get(kind.group, ()), self.origin)]
        for manager in managers:
            offers += self._call_hook(manager, kind)
        merged = self._stated.apply(kind, merge_offers(kind, offers, self.origin), self.origin)
        problems = (*merged.problems, *self._refuse_python(merged.components))
        return _Offered({item.name: item for item in merged.components}, problems)

    def _refuse_python(self, components: Sequence[Component]) -> list[Problem]:
        """Report targets in the standard library at once; other invalid targets are found on loading."""
        return [
            Problem(
                self.origin,
                f"the {item.kind} {item.name!r} never loads: {item.target!r} is of Python itself",
            )
            for item in components
            if isinstance(item.target, str) and is_of_python(item.target)
        ]

    def _load_modules(self) -> tuple[_Loaded, bool]:
        loaded = [self._load_module(module) for module in self._modules]
        managers = tuple(manager for manager, _ in loaded if manager is not None)
        problems = tuple(problem for _, found in loaded for problem in found)
        is_final = not any(is_half_imported(problem.cause) for problem in problems)
        return _Loaded(managers, problems), is_final

    def _call_hook(self, manager: pluggy.PluginManager, kind: Kind) -> list[Offer]:
        try:
            with HeavyImports() as heavy:
                arguments = {} if kind.name in HOOKED else {"kind": kind.name}
                results = call_hook(manager, kind.hook, **arguments)
            offers = [read_declarations(kind, result, self.origin) for result in results]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - recorded as a problem
            problem = Problem(self.origin, f"{kind.hook} raised {describe_error(error)}", error)
            return [Offer(problems=(problem,))]
        return [*offers, Offer(problems=self._advise_on(heavy, kind.hook))]

    def _load_module(self, module: str) -> tuple[pluggy.PluginManager | None, tuple[Problem, ...]]:
        self._questions.clear()
        manager, problems, heavy = None, [], HeavyImports()
        try:
            with heavy:
                manager, wrong = check_hooks(self._import(module))
            problems += [Problem(self.origin, message) for message in wrong]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also SystemExit: see the class
            message = f"its module of hooks cannot be imported: {describe_error(error)}"
            problems.append(Problem(self.origin, message, error))
        name = f"module of hooks {module!r}"
        return manager, (*problems, *self._advise_on_questions(name), *self._advise_on(heavy, name))

    def _import(self, module: str) -> Any:
        stopwatch = Stopwatch()
        try:
            with stopwatch:
                return self._importer.load(self.origin, module)
        finally:
            self.seconds[module] = stopwatch.seconds

    def _advise_on_questions(self, module: str) -> list[Problem]:
        message = (
            f"its {module} asks the registry while it is imported, when its own components are not known "
            "({}). Ask inside a function"
        )
        asked = [message.format(line) for line in self._questions[:1]]
        return [Problem(self.origin, text, is_advice=True) for text in asked]

    def _advise_on(self, heavy: HeavyImports, name: str) -> tuple[Problem, ...]:
        if (found := heavy.describe()) is None:
            return ()
        message = f"its {name} {found}, which makes `kplug list` slow. Import it where it is used"
        return (Problem(self.origin, message, is_advice=True, topic="slow"),)
