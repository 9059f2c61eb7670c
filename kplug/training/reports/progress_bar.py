"""What a person sees while a model trains: a live bar, one line per epoch, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
)
from rich.table import Column
from rich.text import Text

from kplug.backend.global_settings import is_interactive_logging_enabled
from kplug.backend.processes import is_main_process
from kplug.errors import ArgumentValueError
from kplug.terminal import wrap

_REDRAW_SECONDS = 0.1
_NARROWEST = 60  # columns that a bar with its logs needs


def check_verbose(verbose: int | str | bool, method: str = "fit") -> int:
    """Return how much to show, 0, 1 or 2; the method is named in the error.

    ``"auto"`` means 1, or 2 after ``disable_interactive_logging()``.

    Raises:
        ArgumentValueError: If it is something else.
    """
    if verbose == "auto":
        return 1 if is_interactive_logging_enabled() else 2
    if verbose in (0, 1, 2):
        return int(verbose)
    raise ArgumentValueError(method, "verbose", verbose, "0, 1, 2 or 'auto'")


def format_logs(logs: Mapping[str, Any]) -> str:
    """Return logs as one text.

    Example:
        >>> format_logs({"loss": 0.25, "accuracy": 1.0, "val_loss": 0.00001})
        'loss: 0.2500 - accuracy: 1.0000 - val_loss: 1.0000e-05'
        >>> format_logs({"f1_score": [0.5, 1.0]})
        'f1_score: [0.5000, 1.0000]'
    """
    return " - ".join(f"{name}: {_format_value(value)}" for name, value in logs.items())


def _format_value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_format_value, value))}]"
    if not isinstance(value, (int, float)):
        return str(value)
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"


def format_seconds(seconds: float) -> str:
    """Return a duration with the unit that suits it.

    Example:
        >>> format_seconds(0.0012), format_seconds(75)
        ('1ms', '1m15s')
    """
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f}us"
    if seconds < 1:
        return f"{seconds * 1e3:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    return f"{seconds // 60:.0f}m{seconds % 60:02.0f}s"


class _TimeColumn(ProgressColumn):
    """Time left while a phase runs, time taken when it has ended."""

    def render(self, task: Task) -> Text:
        """Return the text of the column."""
        if task.finished:
            return Text(format_seconds(task.finished_time or 0.0), style="progress.elapsed")
        left = task.time_remaining
        text = "" if left is None else f"{format_seconds(max(left, 1.0))} left"
        return Text(text, style="progress.remaining")


class ProgressDisplay:
    """Shows one phase after another: epochs of ``fit``, or one run of ``evaluate`` or ``predict``.

    A bar is drawn only where control codes work and there is room; elsewhere each phase prints one line
    when it ends, into a file or a pipe as it is. Of several processes the main one shows something.

    Args:
        verbose: 0 nothing, 1 a live bar, 2 one line per phase.
        console: Where to draw; standard output if not given.
    """

    def __init__(self, verbose: int | str | bool, console: Console | None = None) -> None:
        self._verbose = check_verbose(verbose) if is_main_process() else 0
        # One that shows nothing needs no console, which takes longer to make than a small batch.
        self._console = console or (Console() if self._verbose else None)
        is_screen = self._console is not None and (
            self._console.is_jupyter
            or (self._console.is_interactive and self._console.width >= _NARROWEST)
        )
        self.is_live = self._verbose == 1 and is_screen
        self._bar: Progress | None = None
        self._title, self._started = "", 0.0
        #: Moment of the next redraw on the clock of ``time.perf_counter``; never, if not live.
        self.next_redraw = float("inf")

    def start(self, title: str, steps: int | None) -> None:
        """Begin a phase of so many steps, or of an unknown number."""
        self._title, self._started = title, time.perf_counter()
        if not self.is_live:
            return
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20, table_column=Column(no_wrap=True)),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            _TimeColumn(table_column=Column(no_wrap=True)),
            # On a narrow terminal the logs go on in a second line, and the rest stays readable.
            TextColumn("{task.fields[logs]}", table_column=Column(overflow="fold")),
            console=self._console,
            auto_refresh=False,
        )
        self._bar.add_task(title, total=steps, logs="")
        self._bar.start()
        self.next_redraw = self._started + _REDRAW_SECONDS

    def redraw(self, done: int, read_logs: Callable[[], Mapping[str, Any]]) -> None:
        """Draw the bar after ``done`` steps; the only moment at which it reads the logs."""
        if self._bar is None:
            return
        task = self._bar.task_ids[0]
        logs = format_logs(dict(sorted(read_logs().items())))  # the order that the last line has
        self._bar.update(task, completed=done, logs=logs, refresh=True)
        self.next_redraw = time.perf_counter() + _REDRAW_SECONDS

    def finish(self, done: int, logs: Mapping[str, Any]) -> None:
        """End the phase and leave its last line on the screen."""
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, total=done, completed=done, logs=format_logs(logs))
            self.close()
        elif self._verbose and self._console is not None:
            seconds = time.perf_counter() - self._started
            pace = format_seconds(seconds / max(done, 1))
            parts = [self._title, format_seconds(seconds), f"{pace}/step", format_logs(logs)]
            line = " - ".join(part for part in parts if part)
            # Not through rich: it would wrap a long line at the width of a terminal there is not.
            width = self._console.width if self._console.is_terminal else None
            self._console.file.write("\n".join(wrap(line, width)) + "\n")
            self._console.file.flush()

    def close(self) -> None:
        """Give the terminal back, also after an error."""
        if self._bar is not None:
            self._bar.stop()
            self._bar, self.next_redraw = None, float("inf")
