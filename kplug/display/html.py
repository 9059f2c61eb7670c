"""Small tables in HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[object]],
    caption: str = "",
    notes: Iterable[str] = (),
) -> str:
    """Return a table as HTML without styles and scripts; all texts are escaped.

    Args:
        titles: The titles of the columns.
        rows: The rows, with one cell for each column.
        caption: A line above the table.
        notes: Lines below the table.

    Example:
        >>> html_table(["layer"], [["<b>"]])
        '<table><thead><tr><th>layer</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    head = f"<p><b>{escape(caption)}</b></p>" if caption else ""
    body = "".join(_row("td", row) for row in rows)
    foot = "".join(f"{escape(note)}<br>" for note in notes)
    table = f"<table><thead>{_row('th', titles)}</thead><tbody>{body}</tbody></table>"
    return f"{head}{table}{f'<p>{foot}</p>' if foot else ''}"


def _row(tag: str, cells: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"
