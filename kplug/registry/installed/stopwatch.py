"""`Stopwatch`: times a block, excluding nested stopwatches of the same thread."""

from __future__ import annotations

import threading
import time
from types import TracebackType


class Stopwatch:
    """Times a ``with`` block, excluding nested stopwatches of the same thread.

    A module of hooks may call the registry during its import, which then imports other plugins' modules.
    """

    _running = threading.local()

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inner = 0.0
        self._started = 0.0
        self._outer: Stopwatch | None = None

    def __enter__(self) -> None:
        self._outer = getattr(self._running, "innermost", None)
        self._running.innermost = self
        self._started = time.perf_counter()

    def __exit__(
        self,
        _: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        total = time.perf_counter() - self._started
        self.seconds = total - self._inner
        self._running.innermost = self._outer
        if self._outer is not None:
            self._outer._inner += total
