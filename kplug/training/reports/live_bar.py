"""The live bar of a phase on a terminal, drawn by rich."""

from __future__ import annotations

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

from kplug.display.terminal import format_seconds


class _TimeColumn(ProgressColumn):
    """Time left while a phase runs, time taken when it has ended."""

    def render(self, task: Task) -> Text:
        """Return the text of the column."""
        if task.finished:
            return Text(format_seconds(task.finished_time or 0.0), style="progress.elapsed")
        left = task.time_remaining
        text = "" if left is None else f"{format_seconds(max(left, 1.0))} left"
        return Text(text, style="progress.remaining")


def make_bar(console: Console | None) -> Progress:
    """Return a bar without phases, which is drawn when it is told to."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20, table_column=Column(no_wrap=True)),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        _TimeColumn(table_column=Column(no_wrap=True)),
        # On a narrow terminal the logs wrap to a second line, and the rest stays readable.
        TextColumn("{task.fields[logs]}", table_column=Column(overflow="fold")),
        console=console,
        auto_refresh=False,
    )
