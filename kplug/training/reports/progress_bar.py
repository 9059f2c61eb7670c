"""Progress display: a live bar, one line per epoch, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any

from kplug.backend.processes import is_main_process
from kplug.display.terminal import format_seconds, wrap
from kplug.training.settings import check_verbose

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_REDRAW_SECONDS = 0.1
_NARROWEST = 60  # columns that a bar with its logs needs
_NOTEBOOK_SECONDS = 1.0  # a shorter phase shows only its last line in a notebook


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


def _join(*parts: str) -> str:
    return " - ".join(part for part in parts if part)


def _make_console() -> Console:
    """Return a console on standard output that detects files itself, as kernels set FORCE_COLOR.

    rich's Jupyter support is off: its output is missing from saved notebooks.
    """
    from rich.console import Console  # `import kplug.models` does without rich

    is_terminal = getattr(sys.stdout, "isatty", bool)()
    return Console(force_jupyter=False, force_terminal=None if is_terminal else False)


class _NotebookLine:
    """A line that is updated in place in a notebook, and cleared at the end of its phase.

    Carriage returns work interactively, but programs that execute notebooks save each state as a line.
    """

    def __init__(self, handle: Any) -> None:
        self._handle, self._is_shown = handle, False

    def show(self, text: str) -> None:
        """Replace the displayed text."""
        show = self._handle.update if self._is_shown else self._handle.display
        show({"text/plain": text}, raw=True)
        self._is_shown = True

    def clear(self) -> None:
        """Clear the line."""
        if self._is_shown:
            self.show("")


def _find_notebook(file: IO[str]) -> Any:
    """Return IPython's display module if the file is a kernel's output, else None."""
    streams = sys.modules.get("ipykernel.iostream")
    is_shown = streams is not None and isinstance(file, streams.OutStream)
    return sys.modules.get("IPython.display") if is_shown else None


class ProgressDisplay:
    """Shows the progress of phases: epochs of ``fit``, or one run of ``evaluate`` or ``predict``.

    A bar is drawn only on a terminal that has control codes and enough columns; elsewhere each phase prints
    one line when it ends. Files and pipes get that line as plain text, and so do notebooks, which save it. In
    a notebook, a temporary line shows the progress of a long phase. Only the main process shows progress.

    Args:
        verbose: 0 nothing, 1 a live bar, 2 one line per phase.
        console: Where to draw; standard output if not given.
    """

    def __init__(self, verbose: int | str | bool, console: Console | None = None) -> None:
        asked = check_verbose(verbose)
        self._verbose = asked if asked and is_main_process() else 0
        # No console for verbosity 0: creating one takes longer than a small batch.
        self._console = console or (_make_console() if self._verbose else None)
        self._notebook, self._has_bar = None, False
        if self._verbose == 1 and self._console is not None:
            self._notebook = _find_notebook(self._console.file)
            is_screen = self._console.is_interactive and self._console.width >= _NARROWEST
            self._has_bar = is_screen and self._notebook is None
        self._bar: Progress | None = None
        self._line: _NotebookLine | None = None
        self._title, self._started = "", 0.0
        self._steps: int | None = None
        #: Time of the next redraw by ``time.perf_counter``; infinite if not live.
        self.next_redraw = float("inf")

    def start(self, title: str, steps: int | None) -> None:
        """Begin a phase with a number of steps, or an unknown number."""
        self._title, self._steps, self._started = title, steps, time.perf_counter()
        if self._notebook is not None:
            self._line = _NotebookLine(self._notebook.DisplayHandle())
            self.next_redraw = self._started + _NOTEBOOK_SECONDS
        if not self._has_bar:
            return
        from kplug.training.reports.live_bar import make_bar

        self._bar = make_bar(self._console)
        self._bar.add_task(title, total=steps, logs="")
        self._bar.start()
        self.next_redraw = self._started + _REDRAW_SECONDS

    def redraw(self, done: int, read_logs: Callable[[], Mapping[str, Any]]) -> None:
        """Draw the bar after ``done`` steps; only this reads the logs."""
        if self._bar is None and self._line is None:
            return
        logs = format_logs(dict(sorted(read_logs().items())))  # the order of the last line
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, logs=logs, refresh=True)
            self.next_redraw = time.perf_counter() + _REDRAW_SECONDS
        elif self._line is not None:
            seconds = time.perf_counter() - self._started
            count, left = f"{done}/{self._steps or '?'}", ""
            if self._steps:
                to_do = max(self._steps - done, 0)
                left = f"{format_seconds(seconds / max(done, 1) * to_do)} left"
            self._line.show(_join(self._title, count, left, logs))
            self.next_redraw = time.perf_counter() + _NOTEBOOK_SECONDS

    def finish(self, done: int, logs: Mapping[str, Any]) -> None:
        """End the phase and leave its last line on the screen."""
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, total=done, completed=done, logs=format_logs(logs))
        elif self._verbose and self._console is not None:
            seconds = time.perf_counter() - self._started
            pace = format_seconds(seconds / max(done, 1))
            title = self._title or (f"{done}/{self._steps}" if self._steps else "")
            line = _join(title, format_seconds(seconds), f"{pace}/step", format_logs(logs))
            if self._line is not None:
                self._line.clear()
            # Not through rich: it would wrap a long line at a default terminal width.
            width = self._console.width if self._console.is_terminal else None
            self._console.file.write("\n".join(wrap(line, width)) + "\n")
            self._console.file.flush()
        self.close()

    def close(self) -> None:
        """Restore the terminal, also after an error."""
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._line, self.next_redraw = None, None, float("inf")
