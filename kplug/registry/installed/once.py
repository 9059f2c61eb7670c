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
    """What this thread is computing, outermost first."""

    def __init__(self) -> None:
        self.computing: list[Once[Any]] = []


_here = _Here()
_process = 0  # counts the forks that led to this process: what another one computes never ends here


class Once(Generic[Value]):
    """A value that foreign code takes part in computing, so nobody may have to wait for it for ever.

    The first thread computes it and the others wait for the result. A thread that others may be waiting for
    computes it for itself: one that is importing a module, or is computing something itself. So does a
    thread that has waited for long. The first result that is final is the value for everyone.

    Args:
        compute: Returns a result, and whether it is final; one that is not is for the caller alone.
    """

    __slots__ = ("_compute", "_found", "_running")

    def __init__(self, compute: Callable[[], tuple[Value, bool]]) -> None:
        self._compute = compute
        self._found: dict[None, Value] = {}
        self._running: dict[int, threading.Event] = {}

    @classmethod
    def known(cls, value: Value) -> Once[Value]:
        """Return one whose value nobody has to compute."""
        once = cls(lambda: (value, True))
        once._found[None] = value
        return once

    @property
    def found(self) -> Value | None:
        """The final result, if there is one yet."""
        return self._found.get(None)

    @property
    def is_computed_here(self) -> bool:
        """Whether this very thread is in the middle of computing it."""
        return any(once is self for once in _here.computing)

    def get(self) -> Value:
        """Return the value, computing it if need be; what that raises is raised, and not kept."""
        while None not in self._found:
            process, mine = _process, threading.Event()
            running = self._running.setdefault(
                process, mine
            )  # atomic: no lock that a fork could keep
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
        if None in self._found:  # found since the caller looked
            return self._found[None]
        _here.computing.append(self)
        try:
            value, is_final = self._compute()
        finally:
            _here.computing.pop()
        return self._found.setdefault(None, value) if is_final else value


def _is_waited_for() -> bool:
    """Whether other threads may wait for this one: it computes something, or holds the lock of a module."""
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
