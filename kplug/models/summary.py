"""The table of a model's layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import Tensor

_TITLES = ("Layer (type)", "Output Shape", "Param #")
_PLAIN_WIDTH = 65
_PLAIN_POSITIONS = (0.45, 0.85, 1.0)


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers in the weights of a model."""

    trainable: int
    non_trainable: int
    size: int

    def lines(self) -> list[str]:
        """Return the lines below the table."""
        total = self.trainable + self.non_trainable
        return [
            f"Total params: {total:,} ({format_size(self.size)})",
            f"Trainable params: {self.trainable:,}",
            f"Non-trainable params: {self.non_trainable:,}",
        ]


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], object] | None = None,
) -> None:
    """Print a model's layers, their output shapes and their numbers of parameters.

    A model whose input shape is unknown shows ``?``.

    Args:
        model: The model.
        line_length: Width of the lines.
        positions: Ends of the columns, as shares of the width or as absolute columns.
        print_fn: Called with each line of plain text; without it a table is printed.
    """
    if model.find_input_shape() is not None:
        model.ensure_built()
    rows = [_describe_layer(layer) for layer in model.layers]
    totals = count_totals(model)
    if print_fn is None and positions is None:
        Console(width=line_length).print(_make_table(model, rows, totals))
        return
    write = print_fn or (lambda line: Console().print(line, markup=False, highlight=False))
    for line in plain_lines(model.name, rows, totals, line_length, positions):
        write(line)


def plain_lines(
    name: str,
    rows: Sequence[tuple[str, str, str]],
    totals: Totals,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
) -> list[str]:
    """Return the summary as lines of plain text."""
    width = line_length or _PLAIN_WIDTH
    ends = list(positions or _PLAIN_POSITIONS)
    if ends[-1] <= 1:
        ends = [int(width * end) for end in ends]
    body: list[str] = []
    for row in rows:
        body += [_fill_columns(row, ends), "_" * width]
    if body:
        body[-1] = "=" * width
    return [
        f'Model: "{name}"',
        "_" * width,
        _fill_columns(_TITLES, ends),
        "=" * width,
        *body,
        *totals.lines(),
        "_" * width,
    ]


def _fill_columns(fields: Sequence[str], ends: Sequence[float]) -> str:
    *leading, last = fields
    line = ""
    for field, end in zip(leading, ends, strict=False):
        # One space at least, so that a long name does not grow together with what follows.
        line = (line + field)[: int(end) - 1].ljust(int(end))
    return line + last


def _make_table(model: Any, rows: Sequence[tuple[str, str, str]], totals: Totals) -> Table:
    table = Table(
        title=f'Model: "{escape(model.name)}"',
        title_justify="left",
        title_style="bold",
        caption="\n".join(totals.lines()),
        caption_justify="left",
        caption_style="none",
    )
    for title, justify in zip(_TITLES, ("left", "left", "right"), strict=True):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _describe_layer(layer: Any) -> tuple[str, str, str]:
    title = f"{layer.name} ({type(layer).__name__})"
    if not layer.built:
        return title, "?", "0 (unbuilt)"
    return title, _describe_shape(layer), f"{layer.count_params():,}"


def _describe_shape(layer: Any) -> str:
    nodes = layer.inbound_nodes
    shapes = {tuple(tensor.shape) for node in nodes for tensor in node.output_tensors}
    if not shapes:
        return "?"
    return str(shapes.pop()) if len(shapes) == 1 else "multiple"


def count_totals(model: Any) -> Totals:
    """Return the numbers in a model's weights; zero for a model that is not built."""
    weights: list[Tensor] = list(model.weights) if model.built else []
    trainable = {id(weight) for weight in model.trainable_weights} if model.built else set()
    counts = [(weight.numel(), id(weight) in trainable) for weight in weights]
    return Totals(
        trainable=sum(count for count, is_trainable in counts if is_trainable),
        non_trainable=sum(count for count, is_trainable in counts if not is_trainable),
        size=sum(weight.numel() * weight.element_size() for weight in weights),
    )


def format_size(size: int) -> str:
    """Return a number of bytes with the unit that suits it.

    Example:
        >>> format_size(7052)
        '6.89 KB'
    """
    if size < 1024:
        return f"{size:.2f} B"
    exponent = min(3, (size.bit_length() - 1) // 10)
    return f"{size / 1024**exponent:.2f} {('KB', 'MB', 'GB')[exponent - 1]}"
