"""Formats a model summary: as a table, as HTML, or as Keras 2's plain text."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kplug.components.arguments import refusal, require_integer
from kplug.display.html import html_table
from kplug.models.summary.rows import (
    Count,
    LayerRow,
    SummarizedModel,
    Totals,
    count_totals,
    describe_layers,
    find_nodes,
    is_chain,
    select_layers,
)

if TYPE_CHECKING:
    from rich.table import Table

_TITLES = ("Layer (type)", "Output Shape", "Param #", "Connected to")
_STYLES = ("", "cyan", "green", "", "")
_NARROWEST, _LEAST_WIDTH = 4, 40


class ColumnWidths(NamedTuple):
    """The line width, and the column ends as fractions of it."""

    width: int
    ends: tuple[float, ...]


_TABLE_OF_CHAIN = ColumnWidths(88, (0.45, 0.80, 1.0))
_TABLE_OF_GRAPH = ColumnWidths(108, (0.30, 0.56, 0.74, 1.0))
_TEXT_OF_CHAIN = ColumnWidths(65, (0.45, 0.85, 1.0))
_TEXT_OF_GRAPH = ColumnWidths(98, (0.33, 0.55, 0.67, 1.0))
_TRAINABLE_WIDTH = 12


@dataclass(frozen=True)
class Summary:
    """The contents of a summary; ``has_connections`` if the model is no chain of layers."""

    name: str
    rows: list[LayerRow]
    totals: Totals
    has_connections: bool
    shows_trainable: bool

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of the columns."""
        titles = _TITLES if self.has_connections else _TITLES[:-1]
        return (*titles, "Trainable") if self.shows_trainable else titles

    def cells(self, row: LayerRow) -> list[str]:
        """Return the texts of a row, one per column."""
        params = "0 (unbuilt)" if row.params is None else f"{row.params:,}"
        cells = [row.title, row.shape, params]
        if self.has_connections:
            cells.append(", ".join(row.connections) or "-")
        return [*cells, row.trainable] if self.shows_trainable else cells

    def notes(self) -> list[str]:
        """Return the lines below the table, with the optimizer's state, as Keras 3 has them."""
        lines = [
            f"Total params: {self.totals.total}",
            f"Trainable params: {self.totals.trainable}",
            f"Non-trainable params: {self.totals.non_trainable}",
        ]
        optimizer = self.totals.optimizer
        return lines if optimizer is None else [*lines, f"Optimizer params: {optimizer}"]


def print_summary(
    model: SummarizedModel,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], object] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print a model's layers, their output shapes and their numbers of parameters.

    A model whose input shape is unknown shows ``?``.

    Args:
        model: The model.
        line_length: Width of the lines.
        positions: Ends of the columns, as shares of the width or as absolute columns.
        print_fn: Called with each line of plain text; without it a table is printed.
        expand_nested: Whether the layers of nested models are shown too.
        show_trainable: Whether a column says which layers are trained.
        layer_range: Names of the first and the last layer to show, or patterns for them.
    """
    if line_length is not None:
        allowed = "a number of characters >= 1"
        line_length = require_integer("summary", "line_length", line_length, allowed, at_least=1)
    if print_fn is not None and not callable(print_fn):
        raise refusal("summary", "print_fn", print_fn, "a function of one line of text")
    summary = summarize(model, expand_nested, show_trainable, layer_range)
    if print_fn is not None:
        for line in plain_lines(summary, line_length, positions):
            print_fn(line)
        return
    from rich.console import Console  # `import kplug.models` does without rich
    from rich.text import Text

    table = _make_table(summary, line_length, positions)
    console = Console(width=line_length, highlight=False)
    console.print(Text(f'Model: "{summary.name}"', style="bold"))
    console.print(table)
    for note in summary.notes():
        console.print(Text(f" {note}"))


def summarize(
    model: SummarizedModel,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> Summary:
    """Return a model's summary; build the model if its input shape is known."""
    if not hasattr(model, "find_input_shape"):
        raise refusal("summary", "model", model, "a model")
    if model.find_input_shape() is not None:
        model.ensure_built()
    layers, nodes = select_layers(model.layers, layer_range), find_nodes(model)
    return Summary(
        name=model.name,
        rows=list(describe_layers(layers, nodes, expand_nested)),
        totals=count_totals(model),
        has_connections=not is_chain(nodes),
        shows_trainable=show_trainable,
    )


def html_summary(model: SummarizedModel) -> str:
    """Return the summary as a small table in HTML."""
    summary = summarize(model)
    rows = map(summary.cells, summary.rows)
    return html_table(summary.titles, rows, f'Model: "{summary.name}"', summary.notes())


def _default_width(summary: Summary, layout: ColumnWidths) -> int:
    return layout.width + (_TRAINABLE_WIDTH if summary.shows_trainable else 0)


def _column_ends(
    summary: Summary,
    layout: ColumnWidths,
    width: int,
    positions: Sequence[float] | None,
) -> list[int]:
    """Return the columns at which the fields of a line end."""
    count = len(layout.ends)
    ends = list(positions or layout.ends)
    if len(ends) < count:
        raise refusal("summary", "positions", positions, f"the ends of {count} columns")
    if ends[-1] <= 1:
        ends = [width * end for end in ends]
    ends = ends[:count]  # column ends of a graph work for a chain too
    if summary.shows_trainable:
        ends = [*(0.9 * end for end in ends), width]
    return [int(end) for end in ends]


# ------------------------------------------------------------------- the table


def _make_table(
    summary: Summary, line_length: int | None, positions: Sequence[float] | None
) -> Table:
    from rich.table import Table
    from rich.text import Text

    layout = _TABLE_OF_GRAPH if summary.has_connections else _TABLE_OF_CHAIN
    room = max(shutil.get_terminal_size().columns - 4, _LEAST_WIDTH)
    width = line_length or min(_default_width(summary, layout), room)
    ends = _column_ends(summary, layout, width, positions)
    table = Table(width=ends[-1], show_lines=True)
    begins = (0, *ends)
    for title, style, begin, end in zip(summary.titles, _STYLES, begins, ends, strict=False):
        if end - begin < _NARROWEST:
            raise refusal("summary", "line_length", width, "enough for every column")
        justify: Any = {"Param #": "right", "Trainable": "center"}.get(title, "left")
        table.add_column(title, justify=justify, style=style, width=end - begin)
    for row in summary.rows:
        table.add_row(*map(Text, summary.cells(row)))
    return table


# ------------------------------------------------------------------- plain text


def plain_lines(
    summary: Summary,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
) -> list[str]:
    """Return the summary as the lines of Keras 2, which counts weights and not the optimizer."""
    layout = _TEXT_OF_GRAPH if summary.has_connections else _TEXT_OF_CHAIN
    width = line_length or _default_width(summary, layout)
    ends = _column_ends(summary, layout, width, positions)
    body: list[str] = []
    for row in summary.rows:
        body += [*_fill_row(summary, row, ends), "_" * width]
    if body:
        body[-1] = "=" * width
    counts = summary.totals.trainable, summary.totals.non_trainable
    return [
        f'Model: "{summary.name}"',
        "_" * width,
        _fill_columns(summary.titles, ends),
        "=" * width,
        *body,
        f"Total params: {sum(counts, Count()).number:,}",
        f"Trainable params: {counts[0].number:,}",
        f"Non-trainable params: {counts[1].number:,}",
        "_" * width,
    ]


def _fill_row(summary: Summary, row: LayerRow, ends: Sequence[int]) -> list[str]:
    """Return the lines of a row: each connection after the first gets its own line."""
    cells = summary.cells(row)
    cells[2] = cells[2].replace(",", "")
    if not summary.has_connections:
        return [_fill_columns(cells, ends)]
    cells[3] = row.connections[0] if row.connections else ""
    rest = [_fill_columns(("", "", "", each), ends) for each in row.connections[1:]]
    return [_fill_columns(cells, ends), *rest]


def _fill_columns(fields: Sequence[str], ends: Sequence[int]) -> str:
    *leading, last = fields
    line = ""
    for field, end in zip(leading, ends, strict=False):
        # At least one space, to separate a long name from the next column.
        line = (line + field)[: end - 1].ljust(end)
    return (line + last).rstrip()
