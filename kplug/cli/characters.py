"""Draws a curve as text: in Braille, with two by four dots a character, or in ASCII."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ROWS = 10
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, then row


def draw(
    x: Sequence[float],
    y: Sequence[float],
    labels: tuple[str, str],
    columns: int = 60,
    is_plain: bool = False,
) -> list[str]:
    """Return the lines of a picture of a curve, with the ends of both axes.

    Args:
        x: The x values.
        y: The y values, as many.
        labels: The labels of both axes.
        columns: The total width, including the axis.
        is_plain: Whether to draw with ASCII characters alone.
    """
    low, high = min(y), max(y)
    margin = max(len(_show(low)), len(_show(high)))
    width = max(columns - margin - 2, 4)
    across, down = (1, 1) if is_plain else (2, 4)
    dots = set(_place(x, y, width * across, _ROWS * down))
    bar = "|" if is_plain else "│"
    lines = []
    for row in range(_ROWS):
        number = {0: _show(high), _ROWS - 1: _show(low)}.get(row, "")
        cells = (_cell(dots, column, row, is_plain) for column in range(width))
        lines.append(f"{number:>{margin}} {bar}{''.join(cells)}".rstrip())
    first, last = _show(min(x)), _show(max(x))
    ends = f"{first}{last:>{max(width - len(first), len(last) + 1)}}"
    title = f"{labels[1]} over {labels[0]}"
    return [title, *lines, f"{'':{margin + 2}}{ends}"]


def _place(
    x: Sequence[float], y: Sequence[float], width: int, height: int
) -> Iterable[tuple[int, int]]:
    """Yield the dots of a curve, without gaps between its points."""
    low, high = min(y), max(y)
    scale = (height - 1) / (high - low or 1.0)
    rows = [round((high - value) * scale) for value in y]
    start, end = min(x), max(x)
    columns = [round((value - start) / (end - start or 1.0) * (width - 1)) for value in x]
    for left, right, top, bottom in zip(columns, columns[1:], rows, rows[1:], strict=False):
        count = max(abs(right - left), abs(bottom - top), 1)
        for part in range(count + 1):
            share = part / count
            yield round(left + (right - left) * share), round(top + (bottom - top) * share)


def _cell(dots: set[tuple[int, int]], column: int, row: int, is_plain: bool) -> str:
    if is_plain:
        return "*" if (column, row) in dots else " "
    code = sum(
        _DOTS[across][down]
        for across in range(2)
        for down in range(4)
        if (2 * column + across, 4 * row + down) in dots
    )
    return chr(_BRAILLE + code) if code else " "


def _show(number: float) -> str:
    return f"{number:.3g}"
