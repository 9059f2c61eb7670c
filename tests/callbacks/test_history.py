"""The record of a run: what it holds, its curves and its table."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import kplug
from kplug.callbacks import History
from kplug.errors import ArgumentValueError, DataError, MissingLibraryError
from kplug.layers import Dense

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    from matplotlib import pyplot as plt

    yield
    plt.close("all")


def make_history() -> History:
    history = History()
    history.on_train_begin()
    for epoch in range(4):
        logs: dict[str, Any] = {"accuracy": 0.5 + epoch / 10, "loss": 1.0 / (epoch + 1)}
        if epoch % 2:
            logs |= {"val_accuracy": 0.4 + epoch / 10, "val_loss": 1.5 / (epoch + 1)}
        history.on_epoch_end(epoch, logs)
    return history


def lines_of(panel: Any) -> dict[str, tuple[list[float], list[float]]]:
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in panel.lines
    }


def test_training_and_validation_share_a_panel_and_the_loss_comes_first() -> None:
    panels = make_history().plot()
    assert [panel.get_title() for panel in panels] == ["loss", "accuracy"]
    assert lines_of(panels[0]) == {
        "training": ([1, 2, 3, 4], [1.0, 0.5, 1.0 / 3, 0.25]),
        "validation": ([2, 4], [0.75, 0.375]),  # validated every second epoch
    }
    legend = panels[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation"]
    assert panels[0].get_xlabel() == "epoch"


def test_what_is_drawn_can_be_chosen_on_a_logarithmic_axis() -> None:
    panels = make_history().plot("loss", log=True)
    assert [(panel.get_title(), panel.get_yscale()) for panel in panels] == [("loss", "log")]
    assert panels[0].figure.axes == panels
    assert make_history().plot(["val_accuracy", "loss"])[0].get_title() == "accuracy"


def test_curves_can_go_into_axes_of_ones_own(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert make_history().plot(axes=axes, to_file=tmp_path / "curves.png") == [axes]
    assert list(lines_of(axes)) == ["loss", "val_loss", "accuracy", "val_accuracy"]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_metric_with_a_value_for_each_class_has_a_line_for_each() -> None:
    history = History()
    history.on_train_begin()
    for epoch in range(2):
        history.on_epoch_end(epoch, {"iou": [0.25, 0.5 + epoch]})
    (panel,) = history.plot()
    assert lines_of(panel) == {
        "training [0]": ([1, 2], [0.25, 0.25]),
        "training [1]": ([1, 2], [0.5, 1.5]),
    }


def test_a_run_goes_on_where_it_was_left() -> None:
    model = kplug.Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), initial_epoch=3, epochs=5, verbose=0)
    (panel,) = history.plot()
    assert lines_of(panel)["training"][0] == [4, 5]


def test_a_record_that_was_filled_by_hand_is_drawn_from_the_first_epoch_on() -> None:
    history = History()
    history.history = {"loss": [3.0, 2.0]}
    (panel,) = history.plot()
    assert lines_of(panel) == {"training": ([1, 2], [3.0, 2.0])}


def test_an_unknown_log_is_named_with_those_there_are() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make_history().plot("lost")
    assert str(caught.value) == (
        "History.plot: argument 'keys' is 'lost'; allowed: names among accuracy, loss, "
        "val_accuracy, val_loss"
    )


def test_nothing_is_drawn_of_nothing() -> None:
    with pytest.raises(DataError) as caught:
        History().plot()
    assert str(caught.value) == "History.plot: there is nothing to draw: no epoch was run"


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return original(name, *args, **kwargs)

    monkeypatch.setattr("importlib.import_module", refuse)
    with pytest.raises(MissingLibraryError) as caught:
        make_history().plot()
    assert str(caught.value) == (
        "History.plot needs the library matplotlib, which cannot be imported\n"
        '  Install it with: pip install "kplug[plot]".'
    )


def test_notebooks_show_a_table() -> None:
    text = make_history()._repr_html_()
    assert "<script" not in text
    assert "<tr><td>2</td><td>0.6</td><td>0.5</td><td>0.5</td><td>0.75</td></tr>" in text
    assert "<tr><td>1</td><td>0.5</td><td>1</td><td></td><td></td></tr>" in text


def test_the_table_of_a_long_run_is_short_and_its_names_are_escaped() -> None:
    history = History()
    history.on_train_begin()
    for epoch in range(1000):
        history.on_epoch_end(epoch, {"<b>": 0.5})
    text = history._repr_html_()
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "The first 980 epochs are not shown." in text
    assert len(text) < 2000
