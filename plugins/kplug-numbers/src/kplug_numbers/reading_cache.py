"""A cache of readings on disk, so that each is made once on a machine, and not once in a process.

The cache key has what decides what a component computes: the hashes of the code of its distribution, of those
in its arguments and of kplug; what their packages hold besides code; the files of this distribution; the
versions of torch, NumPy and Python; what is installed beside them. Code without a hash, such as a file that
was changed after it was installed, has no key, nor has a process that is older than what is installed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import platform
import re
import sys
import tempfile
import time
from pathlib import Path

import importlib_metadata
import numpy as np
import torch

from kplug import Component
from kplug.inspection import find_build_here, find_owner, list_distributions
from kplug.support.own_files import is_own_file
from kplug_numbers.errors import ReadingError
from kplug_numbers.package_state import describe_state
from kplug_numbers.reading import MOST_BYTES, Reading

MOST_FILES = 1000
_APART = {"kplug", "torch", "numpy"}  # their own keys, or their versions
_NAMESPACE = re.compile(r"[\w.-]+(?=/)")
_REQUIRED = re.compile(r"^Requires-Dist: ([\w.-]+)(?!.*extra ==)", re.MULTILINE)


class CacheEntry:
    """The place of a component's reading in the cache.

    Args:
        kind: The kind of the component.
        spec: The component with its arguments.
        component: The component as it is declared.
        state: The state of its packages, if other processes can tell it; without, there is no place.
    """

    def __init__(self, kind: str, spec: str, component: Component, state: str | None) -> None:
        self._kind, self._spec = kind, spec
        self._path: Path | None = None
        builds = None if state is None or _is_outdated() else _describe_builds(component, spec)
        if builds is not None:
            facts = repr((kind, spec, builds, state, _describe_machine()))
            path = _find_folder() / f"{hashlib.sha256(facts.encode()).hexdigest()}.json"
            self._path = path if path.is_absolute() else None

    def find(self) -> Reading | None:
        """Return the reading that this code made before, on this machine; None without one."""
        if self._path is None or not is_own_file(self._path):
            return None
        try:
            with self._path.open("rb") as file:
                found = Reading.from_json(file.read(MOST_BYTES + 1))
        except (OSError, ReadingError):
            return None
        return found if (found.kind, found.spec) == (self._kind, self._spec) else None

    def keep(self, reading: Reading) -> None:
        """Keep a reading; a folder that cannot be written costs later processes time alone."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            folder = self._path.parent
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime_ns)
            for old in files[: max(len(files) - MOST_FILES + 1, 0)]:
                old.unlink()
            with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
                file.write(reading.to_json())  # JSON in ASCII
            Path(file.name).replace(self._path)


def _find_folder() -> Path:
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    except RuntimeError:  # a user without a home; a path that is not absolute is not used
        home = Path()
    return home / "kplug" / "numbers"


def describe_packages(component: Component, spec: str) -> tuple[str, str | None]:
    """Return the state of the packages whose code takes part, for this process and for others.

    Returns:
        Hashes; the second is None if other processes cannot tell the same state.
    """
    packages = {component.location.partition(":")[0].partition(".")[0]}
    packages = packages.union(*map(_list_packages, _list_names(component, spec)))
    state, is_whole = describe_state(packages - _APART)
    return state, state if is_whole else None


@functools.cache
def _list_packages(distribution: str) -> frozenset[str]:
    """Return the packages that the entry points of a distribution name."""
    installed = itertools.islice(importlib_metadata.distributions(name=distribution), 1)
    entries = (entry for one in installed for entry in one.entry_points)
    return frozenset(one.module.partition(".")[0] for one in entries)


def _list_names(component: Component, spec: str) -> set[str]:
    """Return the distributions of a component, of its code, and of components among its arguments."""
    inside = {*_NAMESPACE.findall(spec)} & {one.distribution for one in list_distributions()}
    return {component.origin.distribution, find_owner(component), *inside}


def _describe_builds(component: Component, spec: str) -> list[tuple[str, str, str | None]] | None:
    """Return the builds whose code takes part; None if one of them has no hash."""
    if "custom" in {*_NAMESPACE.findall(spec), component.origin.distribution}:
        return None
    names = _list_names(component, spec)
    if any(map(_is_editable, names - _APART)):
        return None  # its files may change without a trace in what is installed
    builds = {name: find_build_here(name) for name in sorted({*names, "kplug"} - {"torch"})}
    found = [(name, build.version, build.hash) for name, build in builds.items() if build]
    return found if len(found) == len(builds) and all(hash_ for *_, hash_ in found) else None


@functools.cache
def _is_editable(distribution: str) -> bool:
    """Whether a distribution, or anything that it requires, is installed in editable mode."""
    seen, waiting = {*_APART}, [distribution]
    with contextlib.suppress(Exception):  # metadata may be anything
        while waiting:
            name = waiting.pop()
            for installed in itertools.islice(importlib_metadata.distributions(name=name), 1):
                url = "".join((installed.read_text("direct_url.json") or "").split())
                if '"editable":true' in url:
                    return True
                # A parser of the whole text takes longer than a reading.
                names = {*_REQUIRED.findall(installed.read_text("METADATA") or "")} - seen
                seen |= names
                waiting += names
        return False
    return True


def _find_start() -> float:
    """Return when this process began; where nothing tells, when it imported this module."""
    now = time.time()
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # since the machine did
    except (OSError, ValueError, LookupError):
        return now
    return min(now - uptime + began, now) if began else now


_START = _find_start()


def _is_outdated() -> bool:
    """Whether something was installed since this process began, so it may run what is no longer there."""
    return any(changed > _START * 1e9 for _, changed in map(_describe_folder, sys.path))


@functools.cache
def _describe_machine() -> tuple[object, ...]:
    return (
        (torch.__version__, torch.version.git_version, torch.backends.cpu.get_cpu_capability()),
        (np.__version__, sys.implementation.cache_tag, platform.machine()),
        sorted((one.name, one.stat().st_mtime_ns) for one in Path(__file__).parent.rglob("*.py")),
        [*map(_describe_folder, sys.path)],
    )


def _describe_folder(folder: str) -> tuple[list[str], int]:
    """Return what is installed in a folder of the search path, and when that has changed."""
    try:
        with os.scandir(folder or ".") as found:
            names = sorted(one.name for one in found if one.name.endswith("-info"))
        return names, Path(folder).stat().st_mtime_ns if names else 0
    except OSError:
        return [], 0
