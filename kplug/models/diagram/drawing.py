"""A diagram drawn with matplotlib, where the program dot is not installed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, NamedTuple

from kplug.arguments import refusal
from kplug.models.diagram.boxes import Box, Diagram, Path
from kplug.models.diagram.layout import Point, Size, place
from kplug.optional_libraries import import_extra

COLORS = {
    "input": "#e3f1e3",
    "layer": "#e6eefa",
    "frozen": "#ececec",
    "model": "#fdf1dc",
}
"""Fill colours of boxes by their role."""

_OWNER = "plot_model"
_FONT, _LINE = 9.0, 12.5  # points
_PADDING, _MARGIN = 8.0, 14.0
_GAP, _RANK_GAP = 18.0, 26.0
_RADIUS = 8.0
_INK = "#444444"


class _Rectangle(NamedTuple):
    """Where a box is."""

    centre: Point
    size: Size

    @property
    def top(self) -> Point:
        return Point(self.centre.x, self.centre.y - self.size.height / 2)

    @property
    def bottom(self) -> Point:
        return Point(self.centre.x, self.centre.y + self.size.height / 2)


@dataclass
class _Placed:
    """Rectangles and arrows in points, before they are turned to the wanted direction."""

    boxes: list[tuple[Box, Point, Size]] = field(default_factory=list)
    arrows: list[tuple[list[Point], bool]] = field(default_factory=list)


def draw(diagram: Diagram, to_file: str | os.PathLike[str], rankdir: str, dpi: int) -> None:
    """Draw a diagram into a file.

    Args:
        diagram: What to draw.
        to_file: The file; its extension says the format.
        rankdir: ``TB``, ``BT``, ``LR`` or ``RL``: where the arrows point.
        dpi: Dots per inch.

    Raises:
        MissingLibraryError: If matplotlib is not installed.
        ArgumentValueError: If it cannot write that format.
    """
    figures = import_extra(_OWNER, "matplotlib.figure", "plot")
    is_sideways = rankdir in ("LR", "RL")
    placed = _Placed()
    size = _Placer(is_sideways, placed).place(diagram, Point(_MARGIN, _MARGIN))
    extent = Size(size.width + 2 * _MARGIN, size.height + 2 * _MARGIN)
    pen = _Pen(rankdir, extent)
    width, height = pen.extent
    figure = figures.Figure(figsize=(width / 72, height / 72), dpi=dpi)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for box, centre, room in placed.boxes:
        pen.draw_box(axes, box, centre, room)
    for points, is_back in placed.arrows:
        pen.draw_arrow(axes, points, is_back)
    _require_format(to_file, figure.canvas.get_supported_filetypes())
    figure.savefig(to_file, dpi=dpi)


def _require_format(to_file: str | os.PathLike[str], known: Iterable[str]) -> None:
    ending = PurePath(to_file).suffix.lstrip(".").lower()
    if ending and ending not in known:
        kinds = ", ".join(sorted({*known, "dot"}))
        raise refusal(_OWNER, "to_file", os.fspath(to_file), f"a file that ends in one of: {kinds}")


@dataclass
class _Placer:
    """Places boxes, those inside others first."""

    is_sideways: bool
    placed: _Placed

    def place(self, diagram: Diagram, corner: Point) -> Size:
        """Place the boxes and arrows of a diagram below and right of a corner; return its size."""
        sizes = [self._measure(box) for box in diagram.boxes]
        links = [(link.source, link.target) for link in diagram.links]
        layout = place(sizes, links, _GAP, _RANK_GAP)
        exact: dict[Path, _Rectangle] = {}
        for box, centre, size in zip(diagram.boxes, layout.centres, sizes, strict=True):
            middle = Point(corner.x + centre.x, corner.y + centre.y)
            before = len(self.placed.boxes)
            self.placed.boxes.append((box, middle, size))
            if box.inside is not None:
                self.place(box.inside, self._inner_corner(box, middle, size))
            exact |= {
                each.path: _Rectangle(at, room) for each, at, room in self.placed.boxes[before:]
            }
        side = corner.x + layout.size.width + _GAP
        returns = [link for link in diagram.links if link.source >= link.target]
        for link in diagram.links:
            source, target = (
                exact[diagram.boxes[index].path] for index in (link.source, link.target)
            )
            if link in returns:
                self.placed.arrows.append((_route_back(source, target, side), True))
                continue
            bends = layout.bends[(link.source, link.target)]
            through = [Point(corner.x + bend.x, corner.y + bend.y) for bend in bends]
            inner = exact[link.start], exact[link.end]
            edges = layout.bands[link.source][1], layout.bands[link.target][0]
            below, above = (corner.y + edge for edge in edges)
            self.placed.arrows.append((_route(*inner, below, above, through), False))
        width = layout.size.width + (2 * _GAP if returns else 0)
        return Size(width, layout.size.height)

    def _measure(self, box: Box) -> Size:
        text = _text_size(box)
        if box.inside is None:
            size = Size(text.width + 2 * _PADDING, text.height + _PADDING)
            return Size(size.height, size.width) if self.is_sideways else size
        inner = _Placer(self.is_sideways, _Placed()).place(box.inside, Point(0, 0))
        if self.is_sideways:
            return Size(
                inner.width + 2 * _MARGIN + text.height,
                max(inner.height + 2 * _MARGIN, text.width + 2 * _PADDING),
            )
        # The title has the left half: arrows come in through the middle.
        return Size(
            max(inner.width + 2 * _MARGIN, 2 * (text.width + _MARGIN + _PADDING)),
            inner.height + 2 * _MARGIN + text.height,
        )

    def _inner_corner(self, box: Box, middle: Point, size: Size) -> Point:
        """Return where the inside of a box begins: in its middle, below the title."""
        inner = _Placer(self.is_sideways, _Placed()).place(box.inside or Diagram(), Point(0, 0))
        title = _text_size(box).height
        if self.is_sideways:
            return Point(middle.x - size.width / 2 + _MARGIN + title, middle.y - inner.height / 2)
        return Point(middle.x - inner.width / 2, middle.y - size.height / 2 + _MARGIN + title)


def _route(
    source: _Rectangle, target: _Rectangle, below: float, above: float, through: Sequence[Point]
) -> list[Point]:
    """Return the points of an arrow.

    Inside a rank it is straight, so that it covers nothing beside it and crosses the edge of a box
    around its end at a right angle.

    Args:
        source: Where it begins.
        target: Where it ends.
        below: Where the rank that it leaves ends.
        above: Where the rank that it reaches begins.
        through: The points that it passes between.
    """
    leaves, reaches = Point(source.centre.x, below), Point(target.centre.x, above)
    return list(dict.fromkeys([source.bottom, leaves, *through, reaches, target.top]))


def _route_back(source: _Rectangle, target: _Rectangle, side: float) -> list[Point]:
    """Return the corners of an arrow that goes back: between the ranks, and beside all boxes."""
    below, above = source.bottom.y + _RANK_GAP / 2, target.top.y - _RANK_GAP / 2
    return [
        source.bottom,
        Point(source.centre.x, below),
        Point(side, below),
        Point(side, above),
        Point(target.centre.x, above),
        target.top,
    ]


def _text_size(box: Box) -> Size:
    """Return the room that the text of a box takes."""
    widths = [_text_width(box.title, "bold"), *(_text_width(line, "normal") for line in box.lines)]
    return Size(max(widths), _LINE * len(widths))


def _text_width(text: str, weight: str) -> float:
    fonts = import_extra(_OWNER, "matplotlib.font_manager", "plot")
    font = fonts.get_font(fonts.findfont(fonts.FontProperties(weight=weight)))
    font.set_size(_FONT, 72)
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64  # FreeType counts in 64ths of a pixel


@dataclass
class _Pen:
    """Draws in the wanted direction."""

    rankdir: str
    room: Size

    @property
    def extent(self) -> Size:
        """The size of the picture."""
        width, height = self.room
        return self.room if self.rankdir in ("TB", "BT") else Size(height, width)

    def turn(self, point: Point) -> tuple[float, float]:
        """Return where a point of the layout is in the picture."""
        across, along = point
        if self.rankdir in ("BT", "RL"):
            along = self.room.height - along
        return (across, along) if self.rankdir in ("TB", "BT") else (along, across)

    def draw_box(self, axes: Any, box: Box, centre: Point, size: Size) -> None:
        """Draw a rectangle with its text: in its middle, or in its corner if boxes are inside."""
        patches = import_extra(_OWNER, "matplotlib.patches", "plot")
        width, height = size if self.rankdir in ("TB", "BT") else (size.height, size.width)
        x, y = self.turn(centre)
        is_whole = box.inside is not None
        rectangle = patches.FancyBboxPatch(
            (x - width / 2 + 2, y - height / 2 + 2),
            width - 4,
            height - 4,
            boxstyle="round,pad=2,rounding_size=4",
            facecolor="#fdf9f1" if is_whole else COLORS[box.role],
            edgecolor="#b39b6a" if is_whole else _INK,
            linestyle="--" if is_whole else "-",
            linewidth=0.8,
        )
        axes.add_patch(rectangle)
        lines = (box.title, *box.lines)
        top, side = y - _LINE * (len(lines) - 1) / 2, "center"
        if is_whole:
            x, top, side = x - width / 2 + _MARGIN, y - height / 2 + _MARGIN, "left"
        for number, line in enumerate(lines):
            weight = "bold" if number == 0 else "normal"
            at = (x, top + number * _LINE)
            axes.text(*at, line, size=_FONT, weight=weight, ha=side, va="center_baseline")

    def draw_arrow(self, axes: Any, points: Sequence[Point], is_back: bool) -> None:
        """Draw an arrow through points: a curve along the ranks, or lines with round corners."""
        paths = import_extra(_OWNER, "matplotlib.path", "plot")
        patches = import_extra(_OWNER, "matplotlib.patches", "plot")
        steps = _round_corners(points) if is_back else _curve(points)
        codes = [getattr(paths.Path, code) for code, _ in steps]
        path = paths.Path([self.turn(point) for _, point in steps], codes)
        axes.add_patch(
            patches.FancyArrowPatch(
                path=path, arrowstyle="-|>", mutation_scale=9, color=_INK, linewidth=0.9, shrinkA=0
            )
        )


def _curve(points: Sequence[Point]) -> list[tuple[str, Point]]:
    """Return the steps of a smooth path that leaves and reaches every point along the ranks."""
    steps = [("MOVETO", points[0])]
    for start, end in itertools.pairwise(points):
        half = (end.y - start.y) / 2
        pulls = Point(start.x, start.y + half), Point(end.x, end.y - half)
        steps += [("CURVE4", point) for point in (*pulls, end)]
    return steps


def _round_corners(points: Sequence[Point]) -> list[tuple[str, Point]]:
    """Return the steps of a path of straight lines whose corners are rounded."""
    steps = [("MOVETO", points[0])]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        steps.append(("LINETO", _toward(corner, before)))
        steps += [("CURVE3", corner), ("CURVE3", _toward(corner, after))]
    return [*steps, ("LINETO", points[-1])]


def _toward(start: Point, end: Point) -> Point:
    """Return a point near ``start`` on the way to ``end``."""
    distance = max(abs(end.x - start.x), abs(end.y - start.y)) or 1.0
    share = min(_RADIUS / distance, 0.5)
    return Point(start.x + share * (end.x - start.x), start.y + share * (end.y - start.y))
