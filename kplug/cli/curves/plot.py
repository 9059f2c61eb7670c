"""Curves as a picture in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kplug.cli.curves.sampling import Curve
from kplug.errors import KplugError
from kplug.optional_libraries import import_extra


def plot(path: Path, curves: Sequence[tuple[str, Curve]]) -> None:
    """Write a PNG with one panel a curve.

    Args:
        path: Where; an existing file is replaced.
        curves: Titles and curves.

    Raises:
        MissingLibraryError: if matplotlib is not installed.
        KplugError: for a file that is no ``.png``, or that cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise KplugError(f"{str(path)!r} is no PNG", hint="Give a name that ends in .png.")
    # No pyplot: a library has no business with its global state or with a window system.
    figure = import_extra("kplug show --plot", "matplotlib.figure", "plot").Figure(
        figsize=(6.4 * len(curves), 4.0), dpi=120, layout="constrained"
    )
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (title, curve) in zip(panels, curves, strict=True):
        style = {"drawstyle": "steps-mid"} if curve.y_label == "how many" else {}
        axes.plot(curve.x, curve.y, color="#0072B2", lw=2, **style)
        axes.set(title=title, xlabel=curve.x_label, ylabel=curve.y_label)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise KplugError(f"{str(path)!r} cannot be written: {error.strerror}") from error
