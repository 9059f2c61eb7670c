"""Graphviz: the text for it, and its program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydot
import pytest

import kplug
from kplug.errors import KplugError
from kplug.models.diagram.boxes import Details, Diagram, make_diagram
from kplug.models.diagram.dot import write_dot
from kplug.utils import plot_model

# pydot reads its own language with a pyparsing that is older than the one installed.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated - use:DeprecationWarning")


Make = Callable[[Any, str], Any]


def arrows_of(diagram: Diagram) -> set[tuple[str, str]]:
    found = {(link.start[-1], link.end[-1]) for link in diagram.links}
    return found.union(*(arrows_of(box.inside) for box in diagram.boxes if box.inside))


def write_program(folder: Path, text: str) -> None:
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\n{text}\n")
    program.chmod(0o755)


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
