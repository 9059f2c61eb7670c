"""Signals that wait until a running step is over."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeAlias

_Handler: TypeAlias = "Callable[[int, FrameType | None], Any] | int"

_DEFERRED = (signal.SIGTERM, signal.SIGINT)
_CHILD = getattr(signal, "SIGCHLD", None)  # Windows has none


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing; SIG_IGN would keep exit statuses from their parent."""


class DeferredSignals:
    """Notes SIGTERM and SIGINT in a block of code, until they are delivered.

    A SIGINT after another signal does not wait. Only the main thread gets signals. One that was ignored
    stays so, and one whose handler was not set from Python is left alone. While one waits, the end of other
    processes is not told: a scheduler ends the workers of a loader, too, and torch would raise an error in
    the middle of the step.

    Example:
        >>> signals = DeferredSignals()
        >>> with signals.deferred():
        ...     signal.raise_signal(signal.SIGINT)
        ...     print(signals.name)
        ...     try:
        ...         signals.deliver()
        ...     except KeyboardInterrupt:
        ...         print("interrupted")
        SIGINT
        interrupted
    """

    def __init__(self) -> None:
        self._received: signal.Signals | None = None
        self._earlier: dict[int, _Handler] = {}
        self._process = 0

    @property
    def name(self) -> str | None:
        """The name of the signal that waits, such as ``"SIGTERM"``."""
        return None if self._received is None else self._received.name

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Defer signals in a block."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._process = os.getpid()
        for number in _DEFERRED:
            earlier = signal.getsignal(number)
            if earlier is not None and earlier is not signal.SIG_IGN:
                self._earlier[number] = earlier
                signal.signal(number, self._note)
        try:
            yield
        finally:
            self._restore()

    def deliver(self) -> None:
        """Do what the waiting signal does otherwise: end the process, or call the earlier handler."""
        number, self._received = self._received, None
        if number is None:
            return
        self._restore()
        handler = signal.getsignal(number)
        if callable(handler):
            handler(number, None)
        else:
            os.kill(os.getpid(), number)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's arguments
        is_interrupt, is_second = number == signal.SIGINT, self._received is not None
        is_fork = os.getpid() != self._process  # such as a worker that makes batches
        if is_fork and is_interrupt:  # its parent goes on for a step
            return
        self._received = signal.Signals(number)
        if is_fork or (is_interrupt and is_second):
            self.deliver()
        elif _CHILD is not None and _CHILD not in self._earlier:
            earlier = signal.getsignal(_CHILD)
            if callable(earlier):
                self._earlier[_CHILD] = earlier
                signal.signal(_CHILD, _ignore)

    def _restore(self) -> None:
        for number, earlier in self._earlier.items():
            if signal.getsignal(number) in (self._note, _ignore):
                signal.signal(number, earlier)
        self._earlier = {}
