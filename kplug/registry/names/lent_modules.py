"""Imports lent modules on demand: ``kplug.datasets`` belongs to another distribution.

``kplug.datasets`` *is* ``kplug_datasets``, and ``kplug.datasets.mnist`` is ``kplug_datasets.mnist``: one
object under two names in ``sys.modules``. Packages of kplug itself are lent single objects, such as a layer.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import CodeType, ModuleType
from typing import Any

import kplug
from kplug.registry.candidates.installable_packages import Package
from kplug.registry.component import Origin
from kplug.registry.errors import KplugError, MissingModuleError
from kplug.registry.installed.lenders import (
    describe_conflict,
    find_lenders,
    is_inner,
    list_lent,
)
from kplug.registry.loading.importer import TargetError
from kplug.registry.loading.load_failures import explain
from kplug.registry.names.homes import LENT
from kplug.registry.registry import REGISTRY

_IN_USE: dict[str, str] = {}  # modules by their names in kplug


def get_lent(name: str) -> Any:
    """Return the module lent under a name, or the object lent under one such as ``layers.Crop``.

    Raises:
        AttributeError: If there is none, with the reason if known.
    """
    owner, _, attribute = f"kplug.{name}".rpartition(".")
    lender = None
    try:
        lender = _find_lender(name)
        if lender is not None:
            return (
                _load_object(name, *lender)
                if is_inner(name)
                else importlib.import_module(f"kplug.{name}")
            )
    except (KplugError, ImportError) as error:
        reason: BaseException = error
        if lender is not None and not isinstance(error, KplugError):
            origin, module = lender
            reason = explain("module", name, module, origin, error)
        message = f"module {owner!r} has no attribute {attribute!r}: {reason}"
        raise AttributeError(message) from error
    raise AttributeError(f"module {owner!r} has no attribute {attribute!r}")


def list_names(package: str = "") -> list[str]:
    """Return the names of the modules that are lent, or of the objects that are lent to a package."""
    return list_lent(REGISTRY.state.discovery.suppliers, package)


def find_spec(name: str) -> ModuleSpec | None:
    """Return the spec of the module ``kplug.<name>``; None if no known distribution lends it.

    An object in a package has none; ``from kplug.layers import Crop`` asks for it where that fails.

    Raises:
        MissingModuleError: If its distribution may not load or is not installed, or if it is lent twice.
    """
    lender = _find_lender(name)
    if lender is None or is_inner(name):
        return None
    check = partial(_check, name, *lender)
    return _alias(f"kplug.{name}", _locate(lender[1]), partial(_load, name, *lender), check)


class _Alias(Loader):
    """A loader that registers a module under a second name.

    ``sys.modules`` never holds a placeholder under that name: a thread that waits for the import would
    take it for the module.

    Args:
        load: Returns the module.
        spec: The module's own spec; None if it is not found.
        check: Raises an error if the code may not run.
    """

    def __init__(
        self, load: Callable[[], ModuleType], spec: ModuleSpec | None, check: Callable[[], None]
    ) -> None:
        self._load, self._check = load, check
        self.spec = spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002 - Python passes it
        """Return the module itself."""
        module = self._load()
        own = module.__spec__
        # Another thread may be about to restore it.
        while own is not None and isinstance(own.loader, _Alias):
            own = own.loader.spec
        self.spec = own
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Restore the module's spec, which Python has replaced by that of the second name."""
        module.__spec__ = self.spec

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code for ``python -m``; None if the module has none."""
        self._check()
        if self.spec is None:
            raise ModuleNotFoundError(
                f"{fullname} is lent, and its file is not there", name=fullname
            )
        find = getattr(self.spec.loader, "get_code", None)
        code: CodeType | None = find(self.spec.name) if find else None
        return code


class _Submodules:
    """Finds submodules of lent modules before Python would, which would import them a second time."""

    @staticmethod
    def find_spec(
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG004 - Python passes it
        target: ModuleType | None = None,  # noqa: ARG004 - and this
    ) -> ModuleSpec | None:
        """Return the spec of a submodule, or None for other modules."""
        if not fullname.startswith("kplug."):
            return None
        name, _, inner = fullname.removeprefix("kplug.").partition(".")
        if not inner or name not in _IN_USE:
            return None
        own = f"{_IN_USE[name]}.{inner}"
        found = importlib.util.find_spec(own)
        if found is None:
            return None
        return _alias(fullname, found, partial(importlib.import_module, own))


def _alias(
    name: str,
    own: ModuleSpec | None,
    load: Callable[[], ModuleType],
    check: Callable[[], None] = lambda: None,
) -> ModuleSpec:
    """Return the spec of a module's second name, given its own spec."""
    # Python gives a path to what is created from the spec of a package and has none.
    is_package = own is not None and own.submodule_search_locations is not None
    origin = None if own is None else own.origin
    return ModuleSpec(name, _Alias(load, own, check), origin=origin, is_package=is_package)


def _locate(module: str) -> ModuleSpec | None:
    """Return the spec of a module without importing its parents; None if there is none."""
    package = module.rpartition(".")[0]
    try:
        if not package:
            return importlib.util.find_spec(module)
        parent = _locate(package)
        path = None if parent is None else parent.submodule_search_locations
        return None if path is None else PathFinder.find_spec(module, path)
    except (ImportError, ValueError):  # from foreign finders, or a module without a spec
        return None


def _check(name: str, origin: Origin, module: str) -> None:
    error = REGISTRY.state.discovery.importer.find_target_error(origin, module)
    if error is not None:
        raise _refuse(name, origin, module, error)


def _refuse(name: str, origin: Origin, module: str, error: TargetError) -> MissingModuleError:
    message = f"kplug.{name} is lent by {origin} and cannot be used: {error.message}"
    return _missing(message, None, module.partition(":")[0])


def _load(name: str, origin: Origin, module: str) -> ModuleType:
    try:
        found: ModuleType = REGISTRY.state.discovery.importer.load(origin, module)
    except TargetError as error:
        raise _refuse(name, origin, module, error) from error
    except (
        ImportError
    ) as error:  # explains itself, unless it is that of a module that asks for itself
        if error.name != module or module not in sys.modules:
            _forget(name)
            raise
        found = sys.modules[module]  # this thread is importing it
    except KeyboardInterrupt:
        _forget(name)
        raise
    except BaseException as error:  # also SystemExit
        _forget(name)
        raise explain("module", name, module, origin, error) from error
    _IN_USE[name] = module
    if _Submodules not in sys.meta_path:
        sys.meta_path.insert(0, _Submodules)
    return found


def _load_object(name: str, origin: Origin, target: str) -> Any:
    try:
        return REGISTRY.state.discovery.importer.load(origin, target)
    except TargetError as error:
        raise _refuse(name, origin, target, error) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit
        raise explain("object", name, target, origin, error) from error


def _forget(name: str) -> None:
    """Drop what a module that failed has registered, if it imported itself by its name in kplug."""
    sys.modules.pop(f"kplug.{name}", None)
    vars(kplug).pop(name, None)


def _find_lender(name: str) -> tuple[Origin, str] | None:
    """Return the lender of a module and its name there; None without a known lender."""
    lenders = find_lenders(REGISTRY.state.discovery.suppliers, name)
    if not lenders and REGISTRY.is_stale():
        REGISTRY.refresh()
        lenders = find_lenders(REGISTRY.state.discovery.suppliers, name)
    if len(lenders) > 1:
        message, advice = describe_conflict(name, lenders)
        raise _missing(message, advice, lenders[0][1])
    if lenders:
        return lenders[0]
    for supplier, reason in REGISTRY.state.discovery.refused.values():
        for origin, module in find_lenders([supplier], name):
            message = f"kplug.{name} is lent by {origin}, which is switched off: {reason}"
            raise _missing(message, "Change that setting to use it.", module)
    if name in LENT:
        package = Package(LENT[name])
        message = f"kplug.{name} is lent by {package.distribution}, which is not installed"
        module = package.distribution.replace("-", "_")
        raise _missing(message, f"Install it with: {package.install}", module)
    return None


def _missing(message: str, hint: str | None, module: str) -> MissingModuleError:
    error = MissingModuleError(message, hint=hint)
    error.name = module  # with kplug's name, `from kplug import …` would hide the reason
    return error
