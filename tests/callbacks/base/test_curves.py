"""Curves of logs, drawn into panels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from kplug.callbacks.base.curves import Curve, plot_curves
from kplug.errors import ArgumentValueError, DataError

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    from matplotlib import pyplot as plt

    yield
    plt.close("all")


def make_curves(*names: str) -> dict[str, Curve]:
    return {name: ([1, 2, 3], [3.0, 2.0, 1.0]) for name in names}


def test_panels_stand_three_in_a_row_and_the_loss_comes_first() -> None:
    curves = make_curves("a", "val_a", "b", "c", "loss", "val_loss")
    panels = plot_curves(curves, None, False, None, None)
    assert [panel.get_title() for panel in panels] == ["loss", "a", "b", "c"]
    assert [len(panel.lines) for panel in panels] == [2, 2, 1, 1]
    specs = [panel.get_subplotspec() for panel in panels]
    assert [(spec.rowspan[0], spec.colspan[0]) for spec in specs if spec is not None] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
    ]
    assert panels[0].figure.axes == panels  # the two places that are left stay empty


def test_several_logs_share_the_given_axes_under_their_full_names() -> None:
    axes = Figure().add_subplot()
    curves = make_curves("loss", "val_loss", "mae")
    assert plot_curves(curves, ["mae", "val_loss"], True, axes, None) == [axes]
    assert [line.get_label() for line in axes.lines] == ["mae", "loss", "val_loss"]
    assert (axes.get_title(), axes.get_yscale()) == ("", "log")


def test_values_of_each_class_are_lines_of_their_own() -> None:
    axes = Figure().add_subplot()
    curves = {"recall": ([1, 2], [[0.1, 0.2], [0.3, 0.4]])}
    plot_curves(curves, "recall", False, axes, None)
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.lines}  # type: ignore[arg-type]
    assert lines == {"training [0]": [0.1, 0.3], "training [1]": [0.2, 0.4]}


@pytest.mark.parametrize(("count", "marker"), [(30, "o"), (31, "None")])
def test_short_curves_mark_each_epoch(count: int, marker: str) -> None:
    axes = Figure().add_subplot()
    plot_curves({"loss": (range(count), [0.5] * count)}, None, False, axes, None)
    assert axes.lines[0].get_marker() == marker


def test_the_figure_is_written_to_a_file(tmp_path: Path) -> None:
    plot_curves(make_curves("loss"), None, False, None, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(DataError, match="there is nothing to draw: no epoch was run"):
        plot_curves({}, None, False, None, None)
    with pytest.raises(ArgumentValueError, match="'keys' is 'acc'; allowed: names among loss, mae"):
        plot_curves(make_curves("loss", "mae"), ["loss", "acc"], False, None, None)
