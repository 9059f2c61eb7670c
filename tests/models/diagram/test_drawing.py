"""Nested models: the boxes inside leave room for the title, wherever arrows point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kplug
from kplug import Input, Model, Sequential
from kplug.errors import ArgumentValueError
from kplug.layers import Dense
from kplug.models.diagram.boxes import Details, make_diagram
from kplug.models.diagram.drawing import arrange
from kplug.utils import plot_model

# pydot reads its own language with a pyparsing that is older than the one installed.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated - use:DeprecationWarning")


Make = Callable[[Any, str], Any]


@pytest.mark.parametrize("rankdir", ["TB", "BT"])
def test_the_title_of_a_nested_model_is_above_its_layers(rankdir: str) -> None:
    inputs = Input((3,))
    block = Sequential([Dense(2, input_dim=3, name="inner")], name="block")
    model = Model(inputs, block(inputs))
    picture = arrange(make_diagram(model, Details(expands_nested=True)), rankdir)
    places = {box.path[-1]: rectangle for box, rectangle in picture.boxes}
    if rankdir == "TB":
        room = places["inner"].top.y - places["block"].top.y
    else:  # the picture is turned over when it is drawn
        room = places["block"].bottom.y - places["inner"].bottom.y
    two_lines = 25
    assert room >= two_lines


@pytest.mark.sampled
@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "rl"])
@pytest.mark.parametrize("name", ["branches", "nested", "twice"])
def test_matplotlib_draws_where_dot_is_not_installed(
    make: Make, name: str, rankdir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.image import imread

    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "model.png"
    plot_model(
        make(kplug, name), file, rankdir=rankdir, expand_nested=True, show_shapes=True, dpi=50
    )
    height, width, _ = imread(file).shape
    if name != "twice":  # which is about as wide as it is high
        assert (height > width) == (rankdir in ("TB", "BT"))
    plot_model(make(kplug, name), tmp_path / "model.svg")
    assert "<svg" in (tmp_path / "model.svg").read_text()


def test_a_format_that_matplotlib_has_not(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentValueError) as caught:
        plot_model(make(kplug, "siamese"), "model.xyz", dpi=50)
    start = "plot_model: argument 'to_file' is 'model.xyz'; allowed: a file that ends in"
    assert str(caught.value).startswith(start)
    assert "png" in str(caught.value)
