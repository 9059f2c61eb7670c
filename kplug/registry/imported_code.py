"""Which build of a distribution this process runs: the one that it imported, whatever is installed by now."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import importlib_metadata

from kplug import __version__
from kplug.registry.component import BUILT_IN, CUSTOM, Component, Origin
from kplug.registry.metadata import read_origin
from kplug.registry.user_warnings import warn


@dataclass(frozen=True, slots=True)
class Build:
    """A version of a distribution, and the hash of its code.

    Args:
        version: The version; empty where it is not known.
        hash: What ``hash_distribution`` returned; None where there is none.
    """

    version: str = ""
    hash: str | None = None


# Kept over every reload: modules stay imported. For each distribution a package of it, and the build.
_IMPORTED: dict[str, tuple[str, Build]] = {}
_WARNED: set[str] = set()


@contextlib.contextmanager
def noting_import(origin: Origin, target: str) -> Iterator[None]:
    """Remember the build of a distribution while its first module is imported.

    Args:
        origin: The distribution.
        target: ``module:object``, or the module.
    """
    name, module = origin.distribution, target.partition(":")[0]
    if name in ("", CUSTOM, *BUILT_IN) or _find_imported(name) is not None:
        yield
        return
    build = _find_build(name, module)
    try:
        yield
    finally:  # a package that fails half-way may have left modules behind
        package = module.partition(".")[0]
        if package in sys.modules:
            _IMPORTED[name] = (package, build)


def find_running(component: Component) -> Build:
    """Return the build that a component's code was imported from."""
    name = component.origin.distribution
    if name in BUILT_IN:
        return Build(component.origin.version)
    with noting_import(component.origin, component.location):
        pass  # an instance that was passed in code: the user imported its module
    return _find_imported(name) or Build(component.origin.version)


def find_build_to_run(distribution: str, module: str) -> Build:
    """Return the build that a module of a distribution is of, or will be once it is imported."""
    running = _find_imported(distribution)
    if running is None:
        return _find_build(distribution, module)
    return running if module in sys.modules else read_build(distribution) or Build()


def find_build_here(distribution: str) -> Build | None:
    """Return the build that this process runs or would import; None if there is none."""
    if distribution in BUILT_IN:
        return _find_built_in(distribution)
    return _find_imported(distribution) or read_build(distribution)


def read_build(distribution: str) -> Build | None:
    """Return the build that is installed now; None if there is none."""
    from kplug.registry.record_hash import (
        hash_distribution,  # discovery needs no hash, and no OpenSSL
    )

    try:
        found: Any = importlib_metadata.distribution(distribution)
        version = read_origin(found).version
    except Exception:  # noqa: BLE001 - metadata fails in as many ways as there are readers
        return None
    try:
        return Build(version, hash_distribution(found))
    except Exception:  # noqa: BLE001 - a RECORD may hold anything
        return Build(version)


def find_replacement(distribution: str) -> str | None:
    """Return a sentence if another build is installed by now than the one that this process imported."""
    running = _find_imported(distribution)
    installed = read_build(distribution) if running is not None else None
    if running is None or installed is None or installed == running:
        return None
    if installed.version != running.version:
        runs = running.version or "code that was imported before it was installed"
        return f"{distribution} {installed.version} is installed, this process runs {runs}: restart Python"
    if running.hash is None or installed.hash is None:
        return None
    return (
        f"the code of {distribution} {installed.version} has changed since this process imported it: "
        "restart Python"
    )


def warn_of_replacement(distribution: str) -> None:
    """Warn, once, if another build is installed by now than the one that this process imported."""
    sentence = find_replacement(distribution)
    if sentence is not None and sentence not in _WARNED:
        _WARNED.add(sentence)
        warn(sentence)


def _find_imported(distribution: str) -> Build | None:
    package, build = _IMPORTED.get(distribution, ("", None))
    return build if package in sys.modules else None  # a program may have thrown its modules away


@functools.cache
def _find_built_in(name: str) -> Build | None:
    installed = read_build(name)
    if name != "kplug":
        return installed
    is_same = installed is not None and installed.version == __version__
    return installed if is_same else Build(__version__)


def _find_build(distribution: str, module: str) -> Build:
    """Return the build that an import gets, or that it has got if the user's code imported it before."""
    build = read_build(distribution) or Build()
    parts = module.split(".")
    names = [".".join(parts[: end + 1]) for end in range(len(parts))]
    record = _read_record(distribution)
    loaded = [sys.modules[name] for name in names if name in sys.modules]
    if all(_is_as_on_disk(module) for module in loaded if _is_listed(module, record)):
        return build
    stated = getattr(loaded[0], "__version__", None)
    return Build(stated if isinstance(stated, str) and stated != build.version else "")


def _read_record(distribution: str) -> str:
    try:
        return importlib_metadata.distribution(distribution).read_text("RECORD") or ""
    except importlib_metadata.PackageNotFoundError:
        return ""


def _is_listed(module: ModuleType, record: str) -> bool:
    """Whether a module is of the distribution with this record: a wrapper names those of others."""
    path = module.__name__.replace(".", "/")
    return f"{path}.py," in record or f"{path}/__init__.py," in record


def _is_as_on_disk(module: ModuleType) -> bool:
    """Whether the functions of a module are those of its file as it is now; True where it cannot be told.

    Nothing else of an imported module says what it was made from.
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
