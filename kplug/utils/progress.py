"""``Progbar``: a progress bar for users' own loops."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from kplug.errors import ArgumentValueError
from kplug.training.reports.progress_bar import ProgressDisplay


class Progbar:
    """Shows the progress of a loop, with running means of some values.

    A terminal shows a live bar, a notebook an updated line; a final line is printed at the end.

    Args:
        target: Number of steps; ``None`` if it is not known.
        width: Not used: the terminal determines the width.
        verbose: 0 silent, 1 a live bar, 2 one line at the end.
        interval: Not used: the bar is drawn at most ten times a second.
        stateful_metrics: Names of values shown unchanged; others are averaged.
        stateless_metrics: Names of values to average; others are shown unchanged.
        unit_name: Not used.

    Raises:
        ArgumentValueError: Both lists of names were given.

    Example:
        >>> bar = Progbar(2, verbose=0)
        >>> bar.add(1, [("loss", 1.0)])
        >>> bar.add(1, [("loss", 2.0)])
        >>> bar.means
        {'loss': 1.5}

    Reference:
        ``keras.utils.Progbar``. In Keras 3 the last line has the last values instead of the means.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,  # noqa: ARG002 - Keras's arguments
        verbose: int = 1,
        interval: float = 0.05,  # noqa: ARG002
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",  # noqa: ARG002
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentValueError(
                "Progbar", "stateless_metrics", stateless_metrics, "None beside stateful_metrics"
            )
        self.target, self._done, self._is_over = target, 0, False
        self._stateful = set(stateful_metrics or ())
        self._stateless = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict[str, tuple[float, int]] = {}
        self._display = ProgressDisplay(verbose)
        self._display.start("", target)

    @property
    def means(self) -> dict[str, float]:
        """The values that are shown."""
        return {name: total / count for name, (total, count) in self._sums.items()}

    def update(
        self,
        current: int,
        values: Sequence[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Set the number of finished steps.

        Args:
            current: Steps done.
            values: Pairs of a name and the value for the steps since the last call.
            finalize: Whether the loop has ended; ``None`` if it has with ``target`` steps.
        """
        steps = max(current - self._done, 1)
        for name, value in values or ():
            total, count = self._sums.get(name, (0.0, 0)) if self._is_mean(name) else (0.0, 0)
            weight = steps if self._is_mean(name) else 1
            self._sums[name] = total + float(value) * weight, count + weight
        self._done = current
        is_last = current >= self.target if finalize is None and self.target else bool(finalize)
        if is_last and not self._is_over:
            self._display.finish(current, self.means)
            self._is_over = True
        elif time.perf_counter() >= self._display.next_redraw:
            self._display.redraw(current, lambda: self.means)

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Add ``n`` finished steps."""
        self.update(self._done + n, values)

    def _is_mean(self, name: str) -> bool:
        return name not in self._stateful if self._stateless is None else name in self._stateless
