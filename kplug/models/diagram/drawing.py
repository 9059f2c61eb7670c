"""Draws a diagram with matplotlib, the fallback without ``dot``."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, NamedTuple

from kplug.components.arguments import refusal
from kplug.models.diagram.boxes import Box, Diagram, Link
from kplug.models.diagram.layout import BoxPlaces, Point, Size, place
from kplug.support.optional_libraries import import_extra

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
_INK = "#444444"
_SIDEWAYS = ("LR", "RL")


class Rectangle(NamedTuple):
    """The position of a box."""

    centre: Point
    size: Size

    @property
    def top(self) -> Point:
        """The middle of the edge that arrows reach."""
        return Point(self.centre.x, self.centre.y - self.size.height / 2)

    @property
    def bottom(self) -> Point:
        """The middle of the edge that arrows leave."""
        return Point(self.centre.x, self.centre.y + self.size.height / 2)


class Arrow(NamedTuple):
    """The points of an arrow; backward arrows are straight and run beside all boxes."""

    points: list[Point]
    is_straight: bool = False


@dataclass
class Picture:
    """Rectangles and arrows in points, before rotation to the drawing direction."""

    size: Size
    boxes: list[tuple[Box, Rectangle]] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    def add(self, other: Picture, corner: Point) -> None:
        """Paste another picture at an offset."""

        def move(point: Point) -> Point:
            return Point(point.x + corner.x, point.y + corner.y)

        self.boxes += [(box, Rectangle(move(at), size)) for box, (at, size) in other.boxes]
        self.arrows += [
            Arrow([move(point) for point in arrow.points], arrow.is_straight)
            for arrow in other.arrows
        ]


def draw(diagram: Diagram, to_file: str | os.PathLike[str], rankdir: str, dpi: int) -> None:
    """Draw a diagram into a file; the other arguments are those of ``plot_model``.

    Raises:
        MissingLibraryError: If matplotlib is not installed.
        ArgumentValueError: If it cannot write that format.
    """
    figures = import_extra(_OWNER, "matplotlib.figure", "plot")
    inner = arrange(diagram, rankdir)
    picture = Picture(Size(inner.size.width + 2 * _MARGIN, inner.size.height + 2 * _MARGIN))
    picture.add(inner, Point(_MARGIN, _MARGIN))
    pen = _Pen(rankdir, picture.size)
    width, height = pen.turn_size(picture.size)
    figure = figures.Figure(figsize=(width / 72, height / 72), dpi=dpi)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for box, rectangle in picture.boxes:
        pen.draw_box(axes, box, rectangle)
    for arrow in picture.arrows:
        pen.draw_arrow(axes, arrow)
    _require_format(to_file, figure.canvas.get_supported_filetypes())
    figure.savefig(to_file, dpi=dpi)


def _require_format(to_file: str | os.PathLike[str], known: Iterable[str]) -> None:
    ending = PurePath(to_file).suffix.lstrip(".").lower()
    if ending and ending not in known:
        kinds = ", ".join(sorted({*known, "dot"}))
        raise refusal(_OWNER, "to_file", os.fspath(to_file), f"a file that ends in one of: {kinds}")


# ------------------------------------------------------------------- where everything goes


def arrange(diagram: Diagram, rankdir: str) -> Picture:
    """Return the picture of a diagram; nested models are arranged first."""
    insides = [
        None if box.inside is None else arrange(box.inside, rankdir) for box in diagram.boxes
    ]
    sizes = [
        _measure(box, inside, rankdir) for box, inside in zip(diagram.boxes, insides, strict=True)
    ]
    links = [(link.source, link.target) for link in diagram.links]
    places = place(sizes, links, _GAP, _RANK_GAP)
    has_returns = any(start >= end for start, end in links)
    picture = Picture(Size(places.size.width + 2 * _GAP * has_returns, places.size.height))
    for box, inside, centre, size in zip(
        diagram.boxes, insides, places.centres, sizes, strict=True
    ):
        picture.boxes.append((box, Rectangle(centre, size)))
        if inside is not None:
            picture.add(inside, _inner_corner(box, inside, centre, size, rankdir))
    rectangles = {box.path: rectangle for box, rectangle in picture.boxes}
    for link in diagram.links:
        if link.source < link.target:
            ends = rectangles[link.start], rectangles[link.end]
            picture.arrows.append(_route(link, *ends, places))
        else:
            boxes = diagram.boxes[link.source], diagram.boxes[link.target]
            source, target = (rectangles[box.path] for box in boxes)
            picture.arrows.append(_route_back(source, target, places.size.width + _GAP))
    return picture


def _measure(box: Box, inside: Picture | None, rankdir: str) -> Size:
    """Return the size of a box: of its text, or of the boxes inside and the title above them."""
    text = _text_size(box)
    if inside is None:
        width, height = text.width + 2 * _PADDING, text.height + _PADDING
        return Size(height, width) if rankdir in _SIDEWAYS else Size(width, height)
    width, height = inside.size.width + 2 * _MARGIN, inside.size.height + 2 * _MARGIN
    if rankdir in _SIDEWAYS:
        return Size(width + text.height, max(height, text.width + 2 * _PADDING))
    # The title takes the left half: arrows enter through the middle.
    return Size(max(width, 2 * (text.width + _MARGIN + _PADDING)), height + text.height)


def _inner_corner(box: Box, inside: Picture, middle: Point, size: Size, rankdir: str) -> Point:
    """Return the corner of a box's interior: centred, below the title."""
    title = _MARGIN + _text_size(box).height
    if rankdir in _SIDEWAYS:
        return Point(middle.x - size.width / 2 + title, middle.y - inside.size.height / 2)
    before = _MARGIN if rankdir == "BT" else title
    return Point(middle.x - inside.size.width / 2, middle.y - size.height / 2 + before)


def _route(link: Link, source: Rectangle, target: Rectangle, places: BoxPlaces) -> Arrow:
    """Return an arrow between two ranks.

    Inside a rank it is straight, so that it does not overlap neighbours and crosses the edges of
    enclosing boxes at a right angle.
    """
    leaves = Point(source.centre.x, places.bands[link.source][1])
    reaches = Point(target.centre.x, places.bands[link.target][0])
    between = places.bends[link.source, link.target]
    return Arrow(list(dict.fromkeys([source.bottom, leaves, *between, reaches, target.top])))


def _route_back(source: Rectangle, target: Rectangle, side: float) -> Arrow:
    """Return a backward arrow: between the ranks, and beside all boxes."""
    below, above = source.bottom.y + _RANK_GAP / 2, target.top.y - _RANK_GAP / 2
    corners = [(source.centre.x, below), (side, below), (side, above), (target.centre.x, above)]
    return Arrow([source.bottom, *itertools.starmap(Point, corners), target.top], True)


def _text_size(box: Box) -> Size:
    """Return the size of a box's text."""
    widths = [_text_width(box.title, "bold"), *(_text_width(line, "normal") for line in box.lines)]
    return Size(max(widths), _LINE * len(widths))


def _text_width(text: str, weight: str) -> float:
    fonts = import_extra(_OWNER, "matplotlib.font_manager", "plot")
    font = fonts.get_font(fonts.findfont(fonts.FontProperties(weight=weight)))
    font.set_size(_FONT, 72)
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64  # FreeType counts in 64ths of a pixel


# ------------------------------------------------------------------- how it is drawn


@dataclass(frozen=True)
class _Pen:
    """Draws in the chosen direction; ``room`` is the size of the picture before rotation."""

    rankdir: str
    room: Size

    def turn(self, point: Point) -> tuple[float, float]:
        """Return where a point of the layout is in the picture."""
        across, along = point
        if self.rankdir in ("BT", "RL"):
            along = self.room.height - along
        return (across, along) if self.rankdir not in _SIDEWAYS else (along, across)

    def turn_size(self, size: Size) -> Size:
        """Return width and height in the picture."""
        return size if self.rankdir not in _SIDEWAYS else Size(size.height, size.width)

    def draw_box(self, axes: Any, box: Box, rectangle: Rectangle) -> None:
        """Draw a rectangle with its text: in its middle, or in its corner if boxes are inside."""
        patches = import_extra(_OWNER, "matplotlib.patches", "plot")
        width, height = self.turn_size(rectangle.size)
        x, y = self.turn(rectangle.centre)
        is_whole = box.inside is not None
        frame = patches.FancyBboxPatch(
            (x - width / 2 + 2, y - height / 2 + 2),
            width - 4,
            height - 4,
            boxstyle="round,pad=2,rounding_size=4",
            facecolor="#fdf9f1" if is_whole else COLORS[box.role],
            edgecolor="#b39b6a" if is_whole else _INK,
            linestyle="--" if is_whole else "-",
            linewidth=0.8,
        )
        axes.add_patch(frame)
        lines = (box.title, *box.lines)
        top, side = y - _LINE * (len(lines) - 1) / 2, "center"
        if is_whole:
            x, top, side = x - width / 2 + _MARGIN, y - height / 2 + _MARGIN, "left"
        for number, line in enumerate(lines):
            weight = "bold" if number == 0 else "normal"
            at = (x, top + number * _LINE)
            axes.text(*at, line, size=_FONT, weight=weight, ha=side, va="center_baseline")

    def draw_arrow(self, axes: Any, arrow: Arrow) -> None:
        """Draw an arrow: a curve that leaves and reaches every point along the ranks, or lines."""
        paths = import_extra(_OWNER, "matplotlib.path", "plot")
        patches = import_extra(_OWNER, "matplotlib.patches", "plot")
        points = arrow.points if arrow.is_straight else list(_curve(arrow.points))
        codes = [paths.Path.CURVE4] * len(points)
        codes[0] = paths.Path.MOVETO
        path = paths.Path(
            [self.turn(point) for point in points], None if arrow.is_straight else codes
        )
        axes.add_patch(
            patches.FancyArrowPatch(
                path=path,
                arrowstyle="-|>",
                mutation_scale=9,
                color=_INK,
                linewidth=0.9,
                shrinkA=0,
                joinstyle="round",
            )
        )


def _curve(points: Sequence[Point]) -> Iterable[Point]:
    """Yield the start of a smooth path, then two control points and the end of each of its parts."""
    yield points[0]
    for start, end in itertools.pairwise(points):
        half = (start.y + end.y) / 2
        yield from (Point(start.x, half), Point(end.x, half), end)
