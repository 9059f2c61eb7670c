"""Plots the logs of a training run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kplug.errors import ArgumentValueError, DataError
from kplug.support.optional_libraries import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = tuple[Sequence[int], Sequence[Any]]
"""Epochs, counted from 1, and the values after them."""

_OWNER = "History.plot"
_PANELS_IN_A_ROW = 3
_MOST_MARKERS = 30
_STYLES = {"training": ("tab:blue", "-"), "validation": ("tab:orange", "--")}


def plot_curves(
    curves: Mapping[str, Curve],
    keys: str | Iterable[str] | None,
    log: bool,
    axes: Axes | None,
    to_file: str | os.PathLike[str] | None,
) -> list[Axes]:
    """Draw curves, with training and validation in one panel; see ``History.plot``."""
    if not curves:
        raise DataError(f"{_OWNER}: there is nothing to draw: no epoch was run")
    names = _choose(curves, keys)
    panels = [axes] * len(names) if axes is not None else _make_panels(len(names))
    for name, panel in zip(names, panels, strict=True):
        _draw(panel, name, curves, is_shared=axes is not None and len(names) > 1)
        if log:
            panel.set_yscale("log")
    used = list(dict.fromkeys(panels))
    if to_file is not None:
        used[0].get_figure().savefig(to_file)
    return used


def _choose(curves: Mapping[str, Curve], keys: str | Iterable[str] | None) -> list[str]:
    """Return the names of the panels: the logs without their prefix, the loss first."""
    wanted = [keys] if isinstance(keys, str) else list(curves if keys is None else keys)
    unknown = [name for name in wanted if name not in curves]
    if unknown:
        known = f"names among {', '.join(curves)}"
        raise ArgumentValueError(_OWNER, "keys", unknown[0], known)
    names = list(dict.fromkeys(name.removeprefix("val_") for name in wanted))
    return sorted(names, key=lambda name: name != "loss") if keys is None else names


def _make_panels(count: int) -> list[Any]:
    pyplot = import_extra(_OWNER, "matplotlib.pyplot", "plot")
    columns = min(count, _PANELS_IN_A_ROW)
    rows = -(-count // columns)
    figure, grid = pyplot.subplots(
        rows,
        columns,
        squeeze=False,
        figsize=(1.0 + 4.2 * columns, 0.4 + 3.2 * rows),
        layout="constrained",
    )
    panels = list(grid.flat)
    for empty in panels[count:]:
        figure.delaxes(empty)
    return panels[:count]


def _draw(panel: Any, name: str, curves: Mapping[str, Curve], is_shared: bool) -> None:
    for key, role in ((name, "training"), (f"val_{name}", "validation")):
        if key in curves:
            color, style = _STYLES[role]
            label, given = (key, None) if is_shared else (role, color)
            _draw_curve(panel, curves[key], label, given, style)
    panel.set_xlabel("epoch")
    if not is_shared:
        panel.set_title(name)
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.grid(visible=True, alpha=0.3)
    if len(panel.lines) > 1:
        panel.legend()


def _draw_curve(panel: Any, curve: Curve, label: str, color: str | None, style: str) -> None:
    epochs, values = curve
    marker = "o" if len(epochs) <= _MOST_MARKERS else None
    lines = panel.plot(epochs, np.asarray(values, dtype=float), style, marker=marker, markersize=3)
    if len(lines) == 1:
        lines[0].set(label=label, **({"color": color} if color else {}))
        return
    for number, line in enumerate(lines):  # a metric with a value for each class
        line.set_label(f"{label} [{number}]")
