"""Tracks which build of a distribution this process imported, whatever is installed now."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import importlib_metadata

from kplug import __version__
from kplug.registry.component import BUILT_IN, CUSTOM, Component, Origin
from kplug.registry.loading.code_verification import (
    find_doubt,
    find_doubt_of_data,
    find_doubt_of_files,
)
from kplug.registry.loading.distribution_hash import Code, read_code
from kplug.registry.metadata import read_origin
from kplug.registry.user_warnings import warn


@dataclass(frozen=True, slots=True)
class Build:
    """A version of a distribution, and the hash of its code.

    Args:
        version: The version; empty if unknown.
        hash: The result of ``hash_distribution``; None if there is none, or if the running code may differ.
        doubt: Why there is no hash, as a sentence without its full stop.
    """

    version: str = ""
    hash: str | None = None
    doubt: str = field(default="", compare=False)


class _Noted(NamedTuple):
    """A build whose hash is not computed yet; without code if the build is unknown."""

    version: str = ""
    code: Code | None = None

    @property
    def hash(self) -> str | None:
        try:
            return self.code.hash if self.code else None
        except Exception:  # noqa: BLE001 - an invalid RECORD, or a removed source file
            return None


# These survive every reload, as modules stay imported. For each distribution a package and the build.
_IMPORTED: dict[str, tuple[str, _Noted]] = {}
# The build of each module by its namer: another build may be installed between two imports.
_MODULES: dict[tuple[str, str], _Noted] = {}
_WARNED: set[str] = set()
# The objects loaded from each module, by the distribution that names it.
_TARGETS: dict[tuple[str, str], frozenset[str]] = {}


# The owner of each module: a plugin may name modules of its requirements.
_OWNERS: dict[tuple[str, str], str] = {}


@contextlib.contextmanager
def noting_import(namer: str, target: str, owner: str = "") -> Iterator[None]:
    """Record the builds of distributions at their first import, and the build of each module.

    Args:
        namer: The distribution that names the module.
        target: ``module:object``, or the module.
        owner: The distribution that owns the module, if known.
    """
    module = target.partition(":")[0]
    noted = {name: _note_import(name, module) for name in (namer, owner)}
    is_first = {name for name in noted if _find_imported(name) is None}
    try:
        yield
    finally:  # a failed package import may leave modules behind
        package = module.partition(".")[0]
        for name, build in noted.items():
            if build is not None and name in is_first and package in sys.modules:
                _IMPORTED[name] = (package, build)
            if build is not None and module in sys.modules:
                _MODULES[name, module] = build
        if owner and module in sys.modules:
            _OWNERS[namer, module] = owner


def _note_import(name: str, module: str) -> _Noted | None:
    """Return the build that an import of a module will get; None if it is recorded already."""
    running = _find_imported(name)
    if name in ("", CUSTOM, *BUILT_IN) or (running is not None and module in sys.modules):
        return None
    return _note(name, module) if running is None else _note_installed(name) or _Noted()


def note_target(origin: Origin, module: str, path: str) -> None:
    """Record a loaded object of a distribution; the path is empty for the module itself."""
    place = (origin.distribution, module)
    _TARGETS[place] = _TARGETS.get(place, frozenset()) | {path}


def list_targets() -> dict[tuple[str, str], frozenset[str]]:
    """Return the paths of the objects that were loaded, by distribution and module."""
    return dict(_TARGETS)


def find_running_version(component: Component) -> str:
    """Return the version of a component's distribution that its code was imported from."""
    name, location = component.origin.distribution, component.location
    if name in BUILT_IN:
        return component.origin.version
    with noting_import(name, location):
        pass  # an instance passed in code: the user imported its module
    running = _find_imported(name) or _Noted(component.origin.version)
    return _MODULES.get((name, location.partition(":")[0]), running).version


def find_owner(component: Component) -> str:
    """Return the distribution that owns a component's code: a plugin may offer code of its requirements."""
    name, module = component.origin.distribution, component.location.partition(":")[0]
    return _OWNERS.get((name, module), name)


def find_build_to_run(distribution: str, module: str) -> tuple[str, Callable[[], Build]]:
    """Return the version of a distribution's module, imported now or in future.

    Returns:
        The version, and a function that returns the whole build.
    """
    running = _find_imported(distribution)
    if running is not None and module in sys.modules:
        find = functools.partial(_find_doubt_of_running, distribution)
        return running.version, lambda: _vouch(running, find)
    noted = (_note_installed(distribution) or _Noted()) if running else _note(distribution, module)
    return noted.version, lambda: _vouch(
        noted, find_doubt_of_files if running else _find_doubt_of_files
    )


def find_build_here(distribution: str) -> Build | None:
    """Return the build that this process runs or would import; None if there is none."""
    running = (
        _find_built_in(distribution) if distribution in BUILT_IN else _find_imported(distribution)
    )
    if running is not None:
        return _vouch(running, functools.partial(_find_doubt_of_running, distribution))
    installed = _note_installed(distribution)
    return installed and _vouch(installed, _find_doubt_of_files)


def find_replacement(distribution: str) -> str | None:
    """Return a sentence if the installed build differs from the one that this process imported."""
    running = _find_imported(distribution)
    installed = _note_installed(distribution) if running is not None else None
    if running is None or installed is None or installed == running:
        return None
    if installed.version != running.version:
        runs = running.version or "code that was imported before it was installed"
        return f"{distribution} {installed.version} is installed, this process runs {runs}: restart Python"
    if not _is_other_code(running, installed):
        return None
    return (
        f"the code of {distribution} {installed.version} has changed since this process imported it: "
        "restart Python"
    )


def warn_of_replacement(distribution: str) -> None:
    """Warn, once, if the installed build differs from the one that this process imported."""
    sentence = find_replacement(distribution)
    if sentence is not None and sentence not in _WARNED:
        _WARNED.add(sentence)
        warn(sentence)


def _is_other_code(running: _Noted, installed: _Noted) -> bool:
    ours, theirs = running.hash, installed.hash
    # Files of a working copy that changed before they were hashed have no hash any more.
    is_lost = ours is None and running.code is not None and bool(running.code.sources)
    return theirs is not None and ours != theirs and (ours is not None or is_lost)


def _find_imported(distribution: str) -> _Noted | None:
    package, noted = _IMPORTED.get(distribution, ("", None))
    return noted if package in sys.modules else None  # a program may have removed its modules


def _vouch(noted: _Noted, find: Callable[[Code], str]) -> Build:
    """Return a build, without its hash if the running code may differ.

    Args:
        noted: The build.
        find: Returns the reason for doubt.
    """
    if noted.hash is None or noted.code is None:
        return Build(noted.version, None, _explain_missing_hash(noted.code))
    try:
        doubt = find(noted.code)
    except Exception as error:  # noqa: BLE001 - an invalid RECORD or module
        doubt = f"its files cannot be compared: {type(error).__name__}"
    return Build(noted.version, None if doubt else noted.hash, doubt)


def _explain_missing_hash(code: Code | None) -> str:
    if code is None:
        return "nothing tells from which files its code was imported"
    if code.sources is None:
        return "it has no RECORD with hashes of its files"
    if not code.sources:
        return "its entry points name no module of its working copy"
    return "its working copy has been written to since it was imported"


def _find_doubt_of_running(name: str, code: Code) -> str:
    modules = {module for (_, module), owner in _OWNERS.items() if owner == name}
    if name in BUILT_IN:  # torch has thousands of files, and components in modules of kplug
        modules &= code.files.keys()
    elif any(namer == name for namer, _ in _OWNERS):  # a plugin, not merely a required library
        return find_doubt(code, modules | code.files.keys()) or find_doubt_of_data(code)
    return find_doubt(code, modules)


def _find_doubt_of_files(code: Code) -> str:
    return find_doubt(code, code.files) or find_doubt_of_files(code) or find_doubt_of_data(code)


@functools.cache
def _find_built_in(name: str) -> _Noted | None:
    installed = _note_installed(name)
    is_it = name != "kplug" or (installed is not None and installed.version == __version__)
    return installed if is_it else _Noted(__version__)


def _note_installed(distribution: str) -> _Noted | None:
    try:
        found: Any = importlib_metadata.distribution(distribution)
        version = read_origin(found).version
    except Exception:  # noqa: BLE001 - metadata readers raise anything
        return None
    try:
        return _Noted(version, read_code(found))
    except Exception:  # noqa: BLE001 - an invalid RECORD
        return _Noted(version)


def _note(distribution: str, module: str) -> _Noted:
    """Return the build that an import gets, or got if the user's code imported the module before."""
    noted = _note_installed(distribution) or _Noted()
    parts = module.split(".")
    names = [".".join(parts[: end + 1]) for end in range(len(parts))]
    record = noted.code.record if noted.code else ""
    loaded = [sys.modules[name] for name in names if name in sys.modules]
    if all(_is_as_on_disk(module) for module in loaded if _is_listed(module, record)):
        return noted
    stated = getattr(loaded[0], "__version__", None)
    return _Noted(stated if isinstance(stated, str) and stated != noted.version else "")


def _is_listed(module: ModuleType, record: str) -> bool:
    """Whether a ``RECORD`` lists a module: wrappers name modules of other distributions."""
    path = module.__name__.replace(".", "/")
    return f"{path}.py," in record or f"{path}/__init__.py," in record


def _is_as_on_disk(module: ModuleType) -> bool:
    """Whether a module's functions match the bytecode of its present source; True for other loaders.

    An imported module keeps no other trace of its source.
    """
    spec = getattr(module, "__spec__", None)
    # A loader of another type, such as pytest's, may change the code while it loads it.
    if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
        return True
    try:
        top = compile(Path(spec.origin).read_bytes(), spec.origin, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return False
    known = set(_list_code(top))
    return all(code in known for code in _list_functions(module, spec.origin))


def _list_code(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _list_code(constant)


def _list_functions(module: ModuleType, file: str) -> Iterator[CodeType]:
    owned = [
        each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__
    ]
    members = [one for each in owned if isinstance(each, type) for one in vars(each).values()]
    for each in (*owned, *members):
        if isinstance(each, FunctionType) and each.__code__.co_filename == file:
            yield each.__code__
