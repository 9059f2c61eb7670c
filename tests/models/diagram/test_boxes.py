"""The boxes and arrows of a picture are those of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest

import kplug
from kplug.models.diagram.boxes import Details, Diagram, make_diagram

# pydot reads its own language with a pyparsing that is older than the one installed.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated - use:DeprecationWarning")


Make = Callable[[Any, str], Any]


def arrows_of_keras(model: Any, **options: Any) -> set[tuple[str, str]]:
    """Return the arrows of Keras's picture, by the names of layers."""
    names: dict[str, str] = {}

    def note(one: Any) -> None:
        for layer in one.layers:
            names[str(id(layer))] = layer.name
            if hasattr(layer, "layers"):
                note(layer)

    def collect(graph: Any) -> set[tuple[str, str]]:
        found = {
            (names[edge.get_source()], names[edge.get_destination()]) for edge in graph.get_edges()
        }
        return found.union(*map(collect, graph.get_subgraphs()))

    note(model)
    return collect(keras.utils.model_to_dot(model, **options))


def arrows_of(diagram: Diagram) -> set[tuple[str, str]]:
    found = {(link.start[-1], link.end[-1]) for link in diagram.links}
    return found.union(*(arrows_of(box.inside) for box in diagram.boxes if box.inside))


@pytest.mark.parametrize("name", ["branches", "siamese", "nested", "twice"])
@pytest.mark.parametrize("expand_nested", [False, True])
def test_arrows_are_those_of_keras(make: Make, name: str, expand_nested: bool) -> None:
    ours = make_diagram(make(kplug, name), Details(expands_nested=expand_nested))
    assert arrows_of(ours) == arrows_of_keras(make(keras, name), expand_nested=expand_nested)


def test_inputs_by_name_go_where_they_are_meant() -> None:
    first, second = kplug.Input((3,), name="first"), kplug.Input((3,), name="second")
    inner = kplug.Model([first, second], kplug.layers.Subtract(name="minus")([first, second]))
    left, right = kplug.Input((3,), name="left"), kplug.Input((3,), name="right")
    model = kplug.Model([left, right], inner({"second": left, "first": right}))
    found = arrows_of(make_diagram(model, Details(expands_nested=True)))
    assert {("left", "second"), ("right", "first")} <= found


def test_boxes_say_what_is_asked_for(make: Make) -> None:
    model = make(kplug, "branches")
    model.get_layer("second").trainable = False
    model.ensure_built()
    details = Details(shapes=True, dtypes=True, activations=True, trainable=True)
    boxes = {box.path[-1]: box for box in make_diagram(model, details).boxes}
    assert boxes["first"].title == "Conv2D"
    assert boxes["first"].lines == (
        "first",
        "activation: relu",
        "in: (None, 8, 8, 3)",
        "out: (None, 8, 8, 8)",
        "dtype: float32",
        "trainable",
    )
    assert boxes["second"].lines[-1] == "not trainable"
    assert "in: (None, 8), (None, 5)" in boxes["join"].lines
    assert [boxes[name].role for name in ("image", "first", "second")] == [
        "input",
        "layer",
        "frozen",
    ]
    bare = make_diagram(model, Details(names=False)).boxes
    assert all(box.lines == () for box in bare)


def test_a_model_that_is_no_graph_is_one_box() -> None:
    class Own(kplug.Model):
        def __init__(self) -> None:
            super().__init__(name="own", input_shape=(3,))
            self.inner = kplug.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    model = Own()
    model.ensure_built()
    (box,) = make_diagram(model, Details()).boxes
    assert (box.title, box.lines, box.role) == ("Own", ("own",), "model")
