"""Curves as a picture in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kplug.cli.curves.sampling import Curve
from kplug.errors import KplugError
from kplug.optional_libraries import import_extra

# Grey that can be read on white and on black: an SVG stands on pages of either.
_INK = "#808080"


def plot(path: Path, curves: Sequence[tuple[str, Curve]]) -> None:
    """Write a picture with one panel a curve.

    Args:
        path: Where; an existing file is replaced. A ``.png`` is white, a ``.svg`` transparent.
        curves: Titles and curves.

    Raises:
        MissingLibraryError: if matplotlib is not installed.
        KplugError: for a file that is neither, or that cannot be written.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in ("png", "svg"):
        raise KplugError(
            f"{str(path)!r} is no PNG or SVG", hint="Give a name that ends in .png or .svg."
        )
    # No pyplot: a library has no business with its global state or with a window system.
    figure = import_extra("kplug show --plot", "matplotlib.figure", "plot").Figure(
        figsize=(6.4 * len(curves), 4.0), dpi=120, layout="constrained"
    )
    _draw(figure, curves)
    if form == "svg":
        _make_transparent(figure)
    try:
        figure.savefig(path, format=form)
    except OSError as error:
        raise KplugError(f"{str(path)!r} cannot be written: {error.strerror}") from error


def _draw(figure: Any, curves: Sequence[tuple[str, Curve]]) -> None:
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (title, curve) in zip(panels, curves, strict=True):
        style = {"drawstyle": "steps-mid"} if curve.y_label == "how many" else {}
        axes.plot(curve.x, curve.y, color="#0072B2", lw=2, **style)
        axes.set(title=title, xlabel=curve.x_label, ylabel=curve.y_label)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)


def _make_transparent(figure: Any) -> None:
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
        axes.tick_params(colors=_INK)
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
            text.set_color(_INK)
        for spine in axes.spines.values():
            spine.set_color(_INK)
