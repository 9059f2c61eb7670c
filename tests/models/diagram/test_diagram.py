"""Pictures of models: the boxes and arrows are Keras's, and both programs draw them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import pydot
import pytest

import kplug
from kplug.errors import ArgumentValueError, KplugError, NotBuiltError
from kplug.models.diagram.boxes import Details, Diagram, make_diagram
from kplug.models.diagram.dot import write_dot
from kplug.utils import plot_model

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


@pytest.mark.parametrize("name", ["branches", "nested"])
def test_the_text_for_graphviz_says_the_same(make: Make, name: str) -> None:
    diagram = make_diagram(make(kplug, name), Details(expands_nested=True, shapes=True))
    (graph,) = pydot.graph_from_dot_data(write_dot(diagram, "LR", 96)) or []
    edges = {(edge.get_source(), edge.get_destination()) for edge in graph.get_edges()}
    found = {tuple(str(end).strip('"').rpartition("/")[2] for end in edge) for edge in edges}
    assert found == arrows_of(diagram)
    clusters = [each.get_name() for each in graph.get_subgraphs()]
    assert clusters == (['"cluster_coder"', '"cluster_head"'] if name == "nested" else [])


def test_names_are_escaped_in_the_text_for_graphviz(tmp_path: Path) -> None:
    name = 'a<b>&"c"\\'
    model = kplug.Sequential([kplug.layers.Dense(2, input_dim=3, name=name)])
    plot_model(model, tmp_path / "model.dot")
    (graph,) = pydot.graph_from_dot_file(str(tmp_path / "model.dot")) or []
    (node,) = [node for node in graph.get_nodes() if "Dense" in str(node.get("label"))]
    assert "a&lt;b&gt;&amp;&quot;c&quot;\\" in node.get("label")


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


def write_program(folder: Path, text: str) -> None:
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\n{text}\n")
    program.chmod(0o755)


def test_dot_draws_where_it_is_installed(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(
        tmp_path,
        "kind, _, file = sys.argv[1:]\nopen(file, 'w').write(kind + ' ' + sys.stdin.read())",
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    plot_model(make(kplug, "siamese"), tmp_path / "model.pdf", dpi=72)
    text = (tmp_path / "model.pdf").read_text()
    assert text.startswith("-Tpdf digraph {\n  graph [rankdir=TB, dpi=72];")


def test_what_dot_says_is_passed_on(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path, "sys.stdin.read()\nsys.exit('Format: \"xyz\" not recognized.')")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KplugError) as caught:
        plot_model(make(kplug, "siamese"), tmp_path / "model.xyz")
    assert str(caught.value) == (
        f"plot_model: {tmp_path / 'dot'} cannot write {tmp_path / 'model.xyz'}: "
        'Format: "xyz" not recognized.'
    )


def test_a_notebook_is_given_the_picture(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = SimpleNamespace(Image=lambda filename: ("image", filename))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    file = tmp_path / "model.png"
    assert plot_model(make(kplug, "siamese"), file, dpi=50) == ("image", str(file))


def test_what_cannot_be_drawn_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError) as unbuilt:
        plot_model(kplug.Sequential([kplug.layers.Dense(1)], name="open"), tmp_path / "model.png")
    assert str(unbuilt.value) == (
        "plot_model: model 'open' is not built: its input shape is unknown\n"
        "  Give the first layer an input_shape, or call the model on data once."
    )
    with pytest.raises(ArgumentValueError) as direction:
        plot_model(make(kplug, "siamese"), rankdir="up")
    assert str(direction.value) == (
        "plot_model: argument 'rankdir' is 'up'; allowed: 'tb', 'bt', 'lr' or 'rl'"
    )
    with pytest.raises(ArgumentValueError, match="'dpi' is 0; allowed: an integer >= 1"):
        plot_model(make(kplug, "siamese"), dpi=0)


def test_a_format_that_matplotlib_has_not(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArgumentValueError) as caught:
        plot_model(make(kplug, "siamese"), tmp_path / "model.xyz", dpi=50)
    start = f"plot_model: argument 'to_file' is '{tmp_path / 'model.xyz'}'; allowed: a file that ends in"
    assert str(caught.value).startswith(start)
    assert "png" in str(caught.value)
