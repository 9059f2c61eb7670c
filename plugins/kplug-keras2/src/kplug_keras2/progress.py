"""``Progbar``: a progress line for a script's own loops."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any


class Progbar:
    """Prints the progress of a loop, and the means of values.

    Args:
        target: The number of steps; None if unknown.
        width: Ignored.
        verbose: 0 for silence, 1 for a line that is overwritten, 2 for one line at the end.
        interval: Ignored.
        stateful_metrics: Names that show the last value, not the mean.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
    ) -> None:
        del width, interval
        self.target, self.verbose = target, verbose
        self._last_values = set(stateful_metrics or ())
        self._sums: dict[str, tuple[float, int]] = {}
        self._seen = 0

    def update(self, current: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Set the current step, with values by name."""
        steps, self._seen = max(current - self._seen, 1), current
        for name, value in values or ():
            total, count = (0.0, 0) if name in self._last_values else self._sums.get(name, (0.0, 0))
            self._sums[name] = total + float(value) * steps, count + steps
        is_end = self.target is not None and current >= self.target
        if self.verbose == 1 or (self.verbose == 2 and is_end):
            end = "\n" if is_end or self.verbose == 2 else ""
            sys.stdout.write(f"{'' if self.verbose == 2 else chr(13)}{self._describe()}{end}")
            sys.stdout.flush()

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Add ``n`` finished steps."""
        self.update(self._seen + n, values)

    def _describe(self) -> str:
        steps = f"{self._seen}/{self.target}" if self.target else str(self._seen)
        means = [f"{name}: {total / count:.4f}" for name, (total, count) in self._sums.items()]
        return " - ".join([steps, *means])
