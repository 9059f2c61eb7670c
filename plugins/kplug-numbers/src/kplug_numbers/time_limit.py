"""`TimeLimit`: how long foreign code may take, asked between its calls and during them."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import CodeType, FrameType

from kplug_numbers.errors import ReadingError

BY_THE_CLOCK = 4  # times as long may it take, since others use the machine too
_PERIOD = 0.25  # seconds from one question to the next during a call
_MOST_MOMENTS = 50
_IMPORTS = "<frozen importlib._bootstrap>"


class OverdueError(BaseException):
    """Ends a call that does not return. It is no `Exception`, which the component may catch."""


class TimeLimit:
    """A number of seconds from now on.

    Args:
        seconds: How much processor time there is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun = time.thread_time(), time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the processor time is used up, or much more time has passed by the clock."""
        worked, passed = time.thread_time() - self._begun[0], time.monotonic() - self._begun[1]
        return worked > self._seconds or passed > BY_THE_CLOCK * self._seconds

    def require(self) -> None:
        """Do nothing while there is time.

        Raises:
            ReadingError: if there is none.
        """
        if self.is_over:
            raise ReadingError(f"it takes more than {self._seconds:g} seconds")

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Interrupt Python code that does not return, on the main thread of a system with timers.

        Raises:
            ReadingError: if the time is over.
        """
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or not hasattr(signal, "setitimer"):
            yield
            return
        own = inspect.currentframe()
        owner = own and own.f_back and own.f_back.f_back  # behind the context manager
        asked = itertools.count(1)
        untouched: set[CodeType] = set()

        def ask(_: int, frame: FrameType | None) -> None:
            if self.is_over and _is_called_by(owner, frame, untouched):
                # A component may catch what is raised now: more comes while it does, at other moments.
                signal.setitimer(
                    signal.ITIMER_REAL, next(asked) % _MOST_MOMENTS * 1e-6 + 1e-6, _PERIOD
                )
                raise OverdueError

        report = sys.unraisablehook

        def leave_out(failure: sys.UnraisableHookArgs) -> None:
            # The interruption may come while a finalizer runs, which cannot raise: the next one comes later.
            if not isinstance(failure.exc_value, OverdueError):
                report(failure)

        untouched.add(leave_out.__code__)
        sys.unraisablehook = leave_out
        handler = signal.signal(signal.SIGALRM, ask)
        timer = signal.setitimer(signal.ITIMER_REAL, _PERIOD, _PERIOD)
        try:
            yield
        except OverdueError:
            self.require()
        finally:
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
            sys.unraisablehook = report


def _is_called_by(
    owner: FrameType | None, frame: FrameType | None, untouched: set[CodeType]
) -> bool:
    """Whether a frame runs what its owner called: not the context manager, no import, nothing untouched.

    A module whose import was interrupted cannot be used any more; torch imports its compiler when some second
    derivatives are computed.
    """
    called = None
    while frame is not None and frame is not owner:
        if frame.f_code.co_filename == _IMPORTS or frame.f_code in untouched:
            return False
        called, frame = frame, frame.f_back
    return called is not None and called.f_code.co_filename != contextlib.__file__
