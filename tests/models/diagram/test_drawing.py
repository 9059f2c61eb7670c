"""Nested models: the boxes inside leave room for the title, wherever arrows point."""

from __future__ import annotations

import pytest

from kplug import Input, Model, Sequential
from kplug.layers import Dense
from kplug.models.diagram.boxes import Details, make_diagram
from kplug.models.diagram.drawing import arrange


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
