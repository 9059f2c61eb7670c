"""The state of a package besides its code: settings in its modules, the environment, data files."""

from __future__ import annotations

import collections
import contextlib
import contextvars
import functools
import hashlib
import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

import numpy as np
import torch

_MOST_MODULES, _MOST_VALUES, _MOST_FILES, _MOST_ELEMENTS = 100, 20_000, 1000, 10_000
_PLAIN = {bool, int, float, complex, str, bytes, type(None)}
_ROWS = (list, tuple, collections.deque)
_TABLES = (dict, MappingProxyType)
_CACHED = type(functools.cache(len))
# Objects of these modules keep no setting, or show it as text.
_SHOWN = {
    *(
        "_abc",
        "_collections",
        "abc",
        "builtins",
        "collections.abc",
        "datetime",
        "decimal",
        "functools",
    ),
    *(
        "itertools",
        "logging",
        "numpy",
        "pathlib",
        "re",
        "torch",
        "types",
        "typing",
        "typing_extensions",
    ),
    *("weakref", type(threading.Lock()).__module__),
}
_OF_LIBRARIES = ("ATEN_", "DNNL_", "MKL_", "ONEDNN_", "TORCH_")


def describe_state(packages: Iterable[str]) -> tuple[str, bool]:
    """Return the state of packages as a hash, and whether the same state has it in every process.

    Args:
        packages: Their top-level names.
    """
    tops = frozenset(packages)
    modules = {
        name: module
        for name, module in list(sys.modules.items())
        if name.startswith(tuple(tops))
        and name.partition(".")[0] in tops
        and isinstance(module, ModuleType)
    }
    if len(modules) > _MOST_MODULES:
        return "", False
    reader = _Reader(tops)
    try:
        values = [(name, reader.read_members(vars(modules[name]))) for name in sorted(modules)]
    except Exception:  # noqa: BLE001 - a foreign object
        return "", False
    files = list(_list_files(modules))
    facts = repr((values, _list_variables(tops, modules.values()), files))
    digest = hashlib.sha256(facts.encode(errors="surrogatepass")).hexdigest()
    return digest, reader.is_whole and len(files) < _MOST_FILES


def _list_variables(tops: Iterable[str], modules: Iterable[ModuleType]) -> list[tuple[str, str]]:
    """Return the environment variables that the source of a module names, or that begin with its package."""
    words: set[str] = set()
    for module in modules:
        words |= _list_words(vars(module).get("__file__") or "")
    prefixes = (*_OF_LIBRARIES, *(f"{one.upper()}_" for one in tops))
    return sorted(
        one for one in os.environ.items() if one[0] in words or one[0].startswith(prefixes)
    )


@functools.cache
def _list_words(file: str) -> frozenset[str]:
    try:
        return frozenset(one.decode() for one in re.findall(rb"\w+", Path(file).read_bytes()))
    except OSError:
        return frozenset()


def _list_files(modules: Mapping[str, ModuleType]) -> Iterator[tuple[object, ...]]:
    """Yield the data files in the folders of packages; of a file, what changes when it is written."""
    count = 0
    for package in sorted(name for name in modules if "." not in name):
        for top in vars(modules[package]).get("__path__") or ():
            for folder, inside, names in os.walk(top):
                inside[:] = sorted(one for one in inside if one != "__pycache__")
                for name in sorted(names):
                    if name.endswith(".py"):  # code, which has a hash
                        continue
                    count += 1
                    if count > _MOST_FILES:
                        return
                    with contextlib.suppress(OSError):  # it is gone
                        found = Path(folder, name).stat()
                        yield folder, name, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class _Reader:
    """Reads what modules hold as plain data, each object once."""

    def __init__(self, tops: frozenset[str]) -> None:
        self._tops = tops
        self._seen: dict[int, tuple[int, object]] = {}  # with the object, whose id stays its own
        self.is_whole = True

    def read_members(self, members: Mapping[str, Any]) -> list[object]:
        """Return the members of a module, a class or an object that are no part of Python's machinery."""
        named = [one for one in list(members.items()) if not str(one[0]).startswith("__")]
        return [(name, self._read(value)) for name, value in named]

    def _read(self, value: Any) -> object:
        kind = type(value)
        if kind in _PLAIN:
            return value
        known = self._seen.get(id(value))
        if known is not None:
            return "seen", known[0]
        self._seen[id(value)] = len(self._seen), value
        if len(self._seen) > _MOST_VALUES:
            return self._give_up(value)
        if isinstance(value, _ROWS):
            return kind.__qualname__, [*map(self._read, value)], self._read_own(value)
        if isinstance(value, (set, frozenset)):
            return sorted(repr(self._read(one)) for one in value), self._read_own(value)
        if isinstance(value, _TABLES):
            items = [(self._read(key), self._read(one)) for key, one in list(value.items())]
            return items, self._read_own(value)
        if isinstance(value, (torch.Tensor, np.ndarray)):
            is_small = value.nbytes <= 8 * _MOST_ELEMENTS
            return [str(value.dtype), value.tolist()] if is_small else self._give_up(value)
        if isinstance(value, ModuleType):
            return value.__name__
        if isinstance(value, (FunctionType, type)):
            return self._read_definition(value)
        return self._read_object(value)

    def _read_definition(self, value: Any) -> object:
        """Read a function or a class; of another package's, the name."""
        if str(value.__module__).partition(".")[0] not in self._tops:
            return value.__module__, value.__qualname__
        if isinstance(value, type):
            return self.read_members(vars(value))
        cells = [_open(cell) for cell in value.__closure__ or ()]
        held = (value.__defaults__, value.__kwdefaults__, vars(value) or None, cells or None)
        return None if held == (None,) * 4 else [*map(self._read, held)]

    def _read_object(self, value: Any) -> object:
        kind = type(value)
        if isinstance(value, (staticmethod, classmethod)):
            return self._read(value.__func__)
        if isinstance(value, functools.partial):
            return [*map(self._read, (value.func, value.args, value.keywords))]
        if isinstance(value, contextvars.ContextVar):
            return self._read(value.get(None))
        if kind is _CACHED:  # whether it was called takes part
            return self._read(value.__wrapped__), value.cache_info().currsize
        own = None if kind.__module__ == "logging" else self._read_own(value)
        if own is not None:
            return kind.__qualname__, own
        if kind.__module__ in _SHOWN:
            shown = repr(value)
            return kind.__qualname__ if " at 0x" in shown else shown
        return self._give_up(value)

    def _read_own(self, value: Any) -> list[object] | None:
        """Read the attributes of an object; None for one that has no place for any."""
        slots = [name for of in type(value).__mro__ for name in _list_slots(of)]
        found: list[object] = [(name, self._read(getattr(value, name, None))) for name in slots]
        try:
            own = object.__getattribute__(value, "__dict__")  # runs nothing of the object
        except AttributeError:
            return found or None
        return [*found, *self.read_members(own)]

    def _give_up(self, value: Any) -> object:
        """Return an object's identity: it may hold anything, and in another process it is another one."""
        self.is_whole = False
        return id(value)


def _list_slots(owner: type) -> list[str]:
    slots = vars(owner).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [one for one in names if not one.startswith("__")]


def _open(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return None
