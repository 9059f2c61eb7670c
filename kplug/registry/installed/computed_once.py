"""`Once`: a value computed once for all threads, without holding a lock meanwhile."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

PATIENCE = (
    5.0  # seconds for which a thread waits for another one's result before it works for itself
)
_IMPORT_MACHINERY = "<frozen importlib._bootstrap>"


class _Here(threading.local):
    """The thread-local stack of running computations, outermost first."""

    def __init__(self) -> None:
        self.computing: list[Once[Any]] = []


_here = _Here()
_process = 0  # counts forks: a computation of the parent process never ends in the child


class Once(Generic[Value]):
    """A value whose computation runs foreign code, so that no thread may wait for it indefinitely.

    The first thread computes it, and the others wait. To avoid deadlocks, a thread that others may wait for,
    because it is importing a module or computing another value, computes its own result. So does a thread
    whose wait times out. The first final result becomes the value for all threads.

    Args:
        compute: Returns a result and whether it is final. A result that is not final goes to the caller only.
    """

    __slots__ = ("_compute", "_found", "_running")

    def __init__(self, compute: Callable[[], tuple[Value, bool]]) -> None:
        self._compute = compute
        self._found: dict[None, Value] = {}
        self._running: dict[int, threading.Event] = {}

    @classmethod
    def known(cls, value: Value) -> Once[Value]:
        """Return an instance with a known value."""
        once = cls(lambda: (value, True))
        once._found[None] = value
        return once

    @property
    def found(self) -> Value | None:
        """The final result, if there is one yet."""
        return self._found.get(None)

    @property
    def is_computed_here(self) -> bool:
        """Whether this thread is computing the value: the check for reentrancy."""
        return any(once is self for once in _here.computing)

    def get(self) -> Value:
        """Return the value, computing it if needed; exceptions propagate and are not cached."""
        while None not in self._found:
            process, mine = _process, threading.Event()
            running = self._running.setdefault(
                process, mine
            )  # atomic, and no lock that a fork could leave held
            if running is mine:
                try:
                    return self._run()
                finally:
                    del self._running[process]
                    mine.set()
            if _is_waited_for() or not running.wait(PATIENCE):
                return self._run()
        return self._found[None]

    def _run(self) -> Value:
        if None in self._found:  # another thread was faster
            return self._found[None]
        _here.computing.append(self)
        try:
            value, is_final = self._compute()
        finally:
            _here.computing.pop()
        return self._found.setdefault(None, value) if is_final else value


def _is_waited_for() -> bool:
    """Whether other threads may wait for this one: it computes a value, or holds an import lock."""
    if _here.computing:
        return True
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename != _IMPORT_MACHINERY:
        frame = frame.f_back
    return frame.f_code.co_filename == _IMPORT_MACHINERY


def _forget_other_threads() -> None:
    global _process
    _process += 1


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_other_threads)
