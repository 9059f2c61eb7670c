"""What one distribution offers: the pluggy plugin that is registered for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pluggy

from kplug import hookspecs
from kplug.registry.component import Component, Origin
from kplug.registry.declarations import (
    Offer,
    merge_offers,
    read_declarations,
    read_entry_points,
)
from kplug.registry.kinds import KINDS, Kind
from kplug.registry.problems import Problem, describe_error
from kplug.registry.suggestions import did_you_mean

_KIND_OF_HOOK = {kind.hook: kind for kind in KINDS.values()}


class _Loaded(NamedTuple):
    managers: tuple[pluggy.PluginManager, ...]
    problems: tuple[Problem, ...]


class Supplier:
    """A distribution and everything it declares.

    It catches whatever its own plugin code raises, so one plugin cannot break a hook call for others,
    and it stamps every component with its origin, so the registry knows who offered it.

    Args:
        origin: The distribution.
        entries: For each kind, the static tier's pairs of name and target.
        modules: The dynamic tier: dotted names of modules with hookimpls, or functions that load one.
        problems: What is wrong with its metadata.
    """

    def __init__(
        self,
        origin: Origin,
        entries: dict[str, list[tuple[str, str]]] | None = None,
        modules: Sequence[str | Callable[[], object]] = (),
        problems: Sequence[Problem] = (),
    ) -> None:
        self.origin = origin
        self.entries = entries or {}
        self._loaders = tuple(modules)
        self._loaded: _Loaded | None = None
        self._own_problems = tuple(problems)
        self._problems: dict[str, tuple[Problem, ...]] = {}  # by kind
        for hook in dir(self):
            setattr(self, hook, _make_hook(self, hook))

    def __dir__(self) -> list[str]:
        """Name the hooks that can have something to offer.

        pluggy looks at every name in ``dir`` when a plugin is registered; with all of Python's own
        among them, that is most of the time of a discovery.
        """
        kinds = KINDS if self._loaders else self.entries
        return [KINDS[name].hook for name in kinds]

    @property
    def declared_names(self) -> list[tuple[str, str]]:
        """Pairs of kind and name that are known without importing anything."""
        return [(kind, name) for kind, pairs in self.entries.items() for name, _ in pairs]

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the declarations that have been read so far."""
        of_kinds = (item for found in list(self._problems.values()) for item in found)
        return [*self._general_problems, *of_kinds]

    def problems_with(self, kind: Kind) -> list[Problem]:
        """What is wrong with the declarations of one kind, then what is wrong with the whole."""
        return [*self._problems.get(kind.name, ()), *self._general_problems]

    @property
    def _general_problems(self) -> list[Problem]:
        loaded = self._loaded.problems if self._loaded is not None else ()
        return [*self._own_problems, *loaded]

    def load_modules(self) -> _Loaded:
        """Import the modules of hooks, once; no lock may be held around it.

        Another thread may be importing the same package and ask the registry for something.
        """
        if self._loaded is None:
            found = [self._load_module(loader) for loader in self._loaders]
            self._loaded = _Loaded(
                tuple(item for item in found if not isinstance(item, Problem)),
                tuple(item for item in found if isinstance(item, Problem)),
            )
        return self._loaded

    def offer(self, kind: Kind) -> dict[str, Component]:
        """Return the components of one kind, by declared name."""
        offers = [read_entry_points(kind, self.entries.get(kind.name, ()), self.origin)]
        for manager in self.load_modules().managers:
            offers += self._call_hook(manager, kind)
        merged = merge_offers(kind, offers, self.origin)
        self._problems[kind.name] = merged.problems
        return {component.name: component for component in merged.components}

    def _call_hook(self, manager: pluggy.PluginManager, kind: Kind) -> list[Offer]:
        try:
            results = getattr(manager.hook, kind.hook)()
            return [read_declarations(kind, result, self.origin) for result in results]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's failure is kept, never passed on
            problem = Problem(self.origin, f"{kind.hook} raised {describe_error(error)}", error)
            return [Offer(problems=(problem,))]

    def _load_module(self, loader: str | Callable[[], object]) -> pluggy.PluginManager | Problem:
        """Load and check one module of hooks in a pluggy manager of its own.

        A registration that fails half-way would leave hooks behind in a shared manager.
        """
        try:
            module = importlib.import_module(loader) if isinstance(loader, str) else loader()
            return _check_hooks(module)
        except KeyboardInterrupt:
            raise
        except pluggy.PluginValidationError as error:
            return Problem(self.origin, _explain(error), error)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: see the class
            message = f"its module of hooks cannot be imported: {describe_error(error)}"
            return Problem(self.origin, message, error)


def _make_hook(supplier: Supplier, name: str) -> Callable[[], dict[str, Component]]:
    kind = _KIND_OF_HOOK[name]

    @hookspecs.hookimpl
    def hook() -> dict[str, Component]:
        return supplier.offer(kind)

    return hook


def new_manager() -> pluggy.PluginManager:
    """Return a pluggy manager that knows kplug's hooks and no plugin."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _check_hooks(module: object) -> pluggy.PluginManager:
    manager = new_manager()
    manager.register(module)
    manager.check_pending()
    for name, value in vars(module).items() if hasattr(module, "__dict__") else ():
        if name.startswith("kplug_") and callable(value) and not hasattr(value, "kplug_impl"):
            raise pluggy.PluginValidationError(
                module, f"function {name!r} is not marked. Put @kplug.hookimpl above it"
            )
    return manager


def _explain(error: pluggy.PluginValidationError) -> str:
    text = " ".join(str(error).split())
    if "unknown hook" in text:
        wrong = text.split("'")[1]
        hooks = [kind.hook for kind in KINDS.values()]
        advice = did_you_mean(wrong, hooks) or f"Hooks are {', '.join(hooks)}."
        return f"it implements {wrong!r}, which is no hook. {advice}"
    if "Argument(s)" in text:
        wrong = text.partition("for hook '")[2].partition("'")[0]
        arguments = text.partition("Argument(s) ")[2].partition(" are declared")[0]
        return f"its {wrong} takes {arguments}; the hook is called without arguments"
    return f"its hooks do not fit: {text}"
