"""`ALLOCATOR`: lets glibc's malloc keep the memory that a step frees for the next step.

By default glibc returns large freed blocks to the system. The next step maps them anew, and each of their
pages costs a page fault.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
import time
from collections.abc import Mapping

from kplug.registry.policy.environment import ALLOCATOR_VARIABLE
from kplug.registry.quoting import quote

#: Seconds from which on a run returns its memory, which costs about as much as a step.
LONG_RUN_SECONDS = 1.0

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
# Of a single block. Kept too, the buffers of data in files would lie beside one another: 80 MB more.
_LARGEST_KEPT = 64 << 20
_HIGHEST_MMAP_THRESHOLD = 32 << 20  # that glibc adapts to by itself, and that old versions accept


class Allocator:
    """The process's malloc, and as a context manager a run that trains or predicts.

    The memory that runs free is kept. When the last run in progress ends, and they took long, it is
    returned to the system.

    Args:
        glibc: glibc's functions; looked for in the process when first needed if not given.

    Example:
        >>> with ALLOCATOR:
        ...     pass
    """

    def __init__(self, glibc: ctypes.CDLL | None = None) -> None:
        if glibc is not None:
            self._glibc = glibc
        self._lock = threading.Lock()
        self._runs, self._start = 0, 0.0
        self._is_keeping = False

    @functools.cached_property
    def _glibc(self) -> ctypes.CDLL | None:
        return None if find_tuning_obstacle(os.environ) else find_glibc()

    def keep(self) -> None:
        """Keep freed memory in the process from now on, unless there is an obstacle."""
        if not self._is_keeping:
            self._is_keeping = True
            self._set_thresholds(_LARGEST_KEPT, -1)  # -1: it never trims

    def __enter__(self) -> None:
        with self._lock:
            if not self._runs:
                self._start = time.perf_counter()
            self._runs += 1
        self.keep()

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._runs = max(self._runs - 1, 0)
            if not self._runs and time.perf_counter() - self._start >= LONG_RUN_SECONDS:
                self._return_memory()

    def begin_anew(self) -> None:
        """Forget the runs of the parent process: they never end in a forked child."""
        self._lock, self._runs = threading.Lock(), 0

    def _return_memory(self) -> None:
        self._is_keeping = False
        self._set_thresholds(_HIGHEST_MMAP_THRESHOLD, 2 * _HIGHEST_MMAP_THRESHOLD)
        if self._glibc is not None:
            self._glibc.malloc_trim(ctypes.c_size_t(0))

    def _set_thresholds(self, mmap: int, trim: int) -> None:
        if self._glibc is None:
            return
        if not self._glibc.mallopt(_MMAP_THRESHOLD, mmap):
            self._glibc.mallopt(_MMAP_THRESHOLD, _HIGHEST_MMAP_THRESHOLD)
        self._glibc.mallopt(_TRIM_THRESHOLD, trim)


ALLOCATOR = Allocator()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=ALLOCATOR.begin_anew)


def find_tuning_obstacle(environ: Mapping[str, str]) -> str | None:
    """Return why kplug leaves the process's malloc as it is; None if it does not.

    Example:
        >>> find_tuning_obstacle({"MALLOC_ARENA_MAX": "2"})
        'MALLOC_ARENA_MAX is set'
    """
    chosen = environ.get(ALLOCATOR_VARIABLE) or "kplug"
    if chosen != "kplug":
        return f"{ALLOCATOR_VARIABLE} is {quote(chosen)}"
    for name in sorted(environ):
        if name.startswith("MALLOC_"):
            return f"{name} is set"
    if "glibc.malloc." in environ.get("GLIBC_TUNABLES", ""):
        return "GLIBC_TUNABLES has settings of malloc"
    glibc = find_glibc()
    if glibc is None:
        return "the C library is not glibc"
    return "another allocator has replaced malloc" if is_malloc_replaced(glibc) else None


def find_glibc() -> ctypes.CDLL | None:
    """Return the functions of glibc, or None with another C library or system."""
    try:
        libc = ctypes.CDLL("libc.so.6") if sys.platform == "linux" else None
    except OSError:
        return None
    is_glibc = all(hasattr(libc, name) for name in ("gnu_get_libc_version", "mallopt"))
    return libc if is_glibc else None


def is_malloc_replaced(glibc: ctypes.CDLL) -> bool:
    """Return whether the process calls another malloc than glibc's, linked or preloaded.

    Addresses are compared. A list of names would miss some allocators, and would find those that libraries
    carry for themselves.
    """
    program = ctypes.CDLL(None)  # its functions are those that every library calls
    names = ("malloc", "posix_memalign")
    return any(_address(getattr(program, name)) != _address(getattr(glibc, name)) for name in names)


def _address(function: object) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]
