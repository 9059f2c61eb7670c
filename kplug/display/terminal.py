"""Lines of text for a terminal: durations, wrapped lines and tables that never break a name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

_GAP, _EDGE = 3, 1  # between the columns of a table, and on both sides of it


def format_seconds(seconds: float) -> str:
    """Return a duration with a suitable unit.

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


def wrap(line: str, width: int | None, hanging: int = 2) -> list[str]:
    """Return a line wrapped to a width, with a hanging indent; unwrapped without a width.

    Example:
        >>> wrap("  off: my-own-plugin/dice_loss", 16)
        ['  off:', '    my-own-plugin/dice_loss']
    """
    if width is None or len(line) <= width:
        return [line]
    text = line.lstrip()
    indent = " " * (len(line) - len(text))
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


@dataclass(frozen=True, slots=True)
class TextTable:
    """Rows of texts, which rich prints as a table, or as a list if the table would break a name.

    Names that are longer than a line stay whole with ``console.print(table, soft_wrap=True)``.

    Args:
        titles: The title of each column.
        rows: The texts of each row, one a column.
        wrapped: The column whose texts may be broken between words.
        title: The text above the table.
        caption: The text below it.
    """

    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    wrapped: int = 0
    title: str | None = None
    caption: str | None = None

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield what rich prints."""
        from rich.text import Text  # `kplug list` does without rich

        if self._find_least_width() <= options.max_width:
            yield self._make_table()
            return
        if self.title:
            yield Text(self.title, "bold")
        for line in (*self._list_lines(), *(self.caption or "").splitlines()):
            yield Text("\n".join(wrap(line, options.max_width)))

    def _find_least_width(self) -> int:
        columns = zip(*(self.titles, *self.rows), strict=True)
        widths = [
            max(
                len(part)
                for text in column
                for part in (text.split() if at == self.wrapped else [text])
            )
            if any(column)
            else 0
            for at, column in enumerate(columns)
        ]
        return sum(widths) + _GAP * (len(widths) - 1) + 2 * _EDGE

    def _make_table(self) -> RenderableType:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=self.title,
            title_justify="left",
            title_style="bold",
            caption=self.caption,
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for at, title in enumerate(self.titles):
            table.add_column(title, no_wrap=at != self.wrapped)
        for row in self.rows:
            table.add_row(*map(Text, row))  # plain text: a slot such as metrics[0] is not markup
        return table

    def _list_lines(self) -> Iterator[str]:
        for first, *others in self.rows:
            yield first
            for title, text in zip(self.titles[1:], others, strict=True):
                if text:
                    yield f"  {title}: {text}"
