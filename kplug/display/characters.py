"""Draws curves as text: in Braille, with two by four dots a character, or with a mark for each curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ROWS = 10
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, then row

Points = tuple[Sequence[float], Sequence[float]]
"""The x values, and as many y values."""


def draw(
    curves: Sequence[Points],
    labels: tuple[str, str],
    columns: int = 60,
    marks: str = "",
) -> list[str]:
    """Return the lines of a picture of curves, with the ends of both axes.

    Args:
        curves: The curves. Where some meet, their marks take turns.
        labels: The labels of both axes.
        columns: The total width, including the axis.
        marks: A character for each curve; without them, all are dots of Braille.

    Example:
        >>> draw([((0, 1), (0, 1)), ((0, 1), (1, 0))], ("x", "y"), 13, "AB")[1:3]
        ['1 |B        A', '  | B      A']
    """
    low, high = (choose(value for _, y in curves for value in y) for choose in (min, max))
    start, end = (choose(value for x, _ in curves for value in x) for choose in (min, max))
    margin = max(len(_show(low)), len(_show(high)))
    width = max(columns - margin - 2, 4)
    across, down = (1, 1) if marks else (2, 4)
    frame = (start, end, low, high)
    dots = [set(_place(*curve, frame, width * across, _ROWS * down)) for curve in curves]
    bar = "|" if marks else "│"
    lines = []
    for row in range(_ROWS):
        number = {0: _show(high), _ROWS - 1: _show(low)}.get(row, "")
        cells = (_cell(dots, column, row, marks) for column in range(width))
        lines.append(f"{number:>{margin}} {bar}{''.join(cells)}".rstrip())
    first, last = _show(start), _show(end)
    ends = f"{first}{last:>{max(width - len(first), len(last) + 1)}}"
    title = f"{labels[1]} over {labels[0]}"
    return [title, *lines, f"{'':{margin + 2}}{ends}"]


def _place(
    x: Sequence[float],
    y: Sequence[float],
    frame: tuple[float, float, float, float],
    width: int,
    height: int,
) -> Iterable[tuple[int, int]]:
    """Yield the dots of a curve, without gaps between its points."""
    start, end, low, high = frame
    scale = (height - 1) / (high - low or 1.0)
    rows = [round((high - value) * scale) for value in y]
    columns = [round((value - start) / (end - start or 1.0) * (width - 1)) for value in x]
    for left, right, top, bottom in zip(columns, columns[1:], rows, rows[1:], strict=False):
        count = max(abs(right - left), abs(bottom - top), 1)
        for part in range(count + 1):
            share = part / count
            yield round(left + (right - left) * share), round(top + (bottom - top) * share)


def _cell(dots: Sequence[set[tuple[int, int]]], column: int, row: int, marks: str) -> str:
    if marks:
        found = [mark for mark, own in zip(marks, dots, strict=True) if (column, row) in own]
        return found[column % len(found)] if found else " "
    code = sum(
        _DOTS[across][down]
        for across in range(2)
        for down in range(4)
        if any((2 * column + across, 4 * row + down) in own for own in dots)
    )
    return chr(_BRAILLE + code) if code else " "


def _show(number: float) -> str:
    return f"{number:.3g}"
