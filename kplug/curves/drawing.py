"""Draws curves into a picture file."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kplug.curves.curve import Curve
from kplug.curves.optimizer_path import START, valley
from kplug.errors import KplugError
from kplug.support.optional_libraries import import_extra

# Okabe and Ito's palette without yellow and black: visible on white and on black.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_BLUE, _RED, *_ = _COLOURS
_STYLES = ("-", "--", ":", "-.")
_INK = "#808080"  # in an SVG, replaced by the page's text colour
_LIGHT, _DARK = "#57606a", "#a3adb8"
_THEMES = f"<style>@media (prefers-color-scheme: dark) {{ svg {{ color: {_DARK}; }} }}</style>"
_OWN_SETTINGS = {
    "svg.hashsalt": "kplug",  # fixed ids, for reproducible bytes
    "svg.fonttype": "none",  # keep text as text
    "font.family": "sans-serif",
}
_WIDTH, _LONGEST = 40, 160  # characters per title line, and in total
_LEVELS = (0.02, 0.1, 0.3, 0.7, 1.3, 2.1, 3.1, 4.5)


def plot(path: Path, curves: Sequence[tuple[str, Curve]], *, is_shared: bool = False) -> None:
    """Write a picture with one panel per curve, byte for byte reproducible.

    Args:
        path: The file, which is replaced if it exists. A ``.png`` is white. A ``.svg`` is transparent and
            readable on light and dark pages.
        curves: Titles and curves.
        is_shared: Whether all are drawn in one panel, with a legend.

    Raises:
        MissingLibraryError: if matplotlib is not installed.
        KplugError: for another format, or a file that cannot be written.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in ("png", "svg"):
        raise KplugError(
            f"{str(path)!r} is no PNG or SVG", hint="Give a name that ends in .png or .svg."
        )
    content = render(curves, is_svg=form == "svg", is_shared=is_shared)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise KplugError(f"{str(path)!r} cannot be written: {error.strerror}") from error


def render(
    curves: Sequence[tuple[str, Curve]], *, is_svg: bool = True, is_shared: bool = False
) -> bytes:
    """Return the content of a picture; see `plot`."""
    stream = io.BytesIO()
    style = import_extra("to draw a component", "matplotlib.style", "plot")
    # No pyplot: a library must not touch its global state or a window system.
    with style.context(["default", _OWN_SETTINGS]):
        figure = import_extra("to draw a component", "matplotlib.figure", "plot").Figure(
            figsize=(6.4 if is_shared else 4.8 * len(curves), 3.2 + 0.25 * len(curves) * is_shared),
            dpi=160,
            layout="constrained",
        )
        (_draw_together if is_shared else _draw)(figure, curves)
        if not is_svg:
            figure.savefig(stream, format="png")
            return stream.getvalue()
        _make_transparent(figure)
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return _follow_page(stream.getvalue().decode()).encode()


def _draw(figure: Any, curves: Sequence[tuple[str, Curve]]) -> None:
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (title, curve) in zip(panels, curves, strict=True):
        if curve.form == "path":
            _draw_valley(axes, curve)
        _draw_line(axes, curve, color=_BLUE, lw=2)
        text = textwrap.fill(textwrap.shorten(title, _LONGEST), _WIDTH)
        axes.set_title(text, parse_math=False)  # a name may contain "$"
        _finish(axes, curve)


def _draw_together(figure: Any, curves: Sequence[tuple[str, Curve]]) -> None:
    axes, lines = figure.subplots(), []
    for at, (_, curve) in enumerate(curves):
        # Later lines are thinner, so that one is seen that lies on another.
        look = {"ls": _STYLES[at % len(_STYLES)], "lw": max(3.5 - 0.75 * at, 1.2)}
        lines += _draw_line(axes, curve, color=_COLOURS[at % len(_COLOURS)], **look)
    titles = [textwrap.shorten(title, _LONGEST // 2) for title, _ in curves]
    legend = figure.legend(lines, titles, loc="outside upper left", frameon=False, handlelength=3)
    for text in legend.get_texts():
        text.set_parse_math(False)
    _finish(axes, curves[0][1])


def _draw_line(axes: Any, curve: Curve, **look: Any) -> list[Any]:
    style = {"drawstyle": "steps-mid"} if curve.form == "bars" else {}
    lines: list[Any] = axes.plot(curve.x, curve.y, **style, **look)
    return lines


def _finish(axes: Any, curve: Curve) -> None:
    axes.set_xlabel(curve.x_label, parse_math=False)
    axes.set_ylabel(curve.y_label, parse_math=False)
    if curve.form == "bars":
        axes.set_ylim(bottom=0)
    axes.grid(color=_INK, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_valley(axes: Any, curve: Curve) -> None:
    """Draw the valley of an optimizer's path: contour lines, start and end."""
    import numpy as np  # `kplug show` draws most components without it

    x_limit = max(1.2, *map(abs, curve.x)) * 1.05
    y_limit = max(0.75, *map(abs, curve.y)) * 1.05
    first, second = np.meshgrid(
        np.linspace(-x_limit, x_limit, 81), np.linspace(-y_limit, y_limit, 81)
    )
    axes.contour(first, second, valley(first, second), _LEVELS, colors=_INK, linewidths=0.6)
    axes.plot([START[0], curve.x[-1]], [START[1], curve.y[-1]], ".", color=_RED, ms=9, zorder=3)


def _make_transparent(figure: Any) -> None:
    figure.patch.set_alpha(0)
    for legend in figure.legends:
        for text in legend.get_texts():
            text.set_color(_INK)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
        axes.tick_params(colors=_INK)
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
            text.set_color(_INK)
        for spine in axes.spines.values():
            spine.set_color(_INK)


def _follow_page(text: str) -> str:
    """Adapt the ink of an SVG to light and dark pages."""
    start = text.index("<svg ")
    end = text.index(">", start) + 1
    head = text[start:end].replace("<svg ", f'<svg color="{_LIGHT}" ', 1)
    return f"{text[:start]}{head}{_THEMES}{text[end:].replace(_INK, 'currentColor')}"
