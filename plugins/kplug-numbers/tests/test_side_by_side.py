"""`compare_components`: what notebooks show."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import pytest
from kplug_numbers import compare_components

from kplug.errors import KplugError

SPECS = ("kplug/mse", "kplug/mse(reduction='sum')", "kplug/huber")


def test_it_is_text_and_html() -> None:
    found = compare_components("loss", *SPECS)
    lines = str(found).splitlines()
    assert lines[0] == "A  kplug/mse"
    assert any(line.startswith("loss over y_pred") for line in lines)
    html = found._repr_html_()
    assert "<td>B</td><td>kplug/mse(reduction=&#x27;sum&#x27;)</td>" in html
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert picture is not None
    assert b"</svg>" in base64.b64decode(picture[1])
    assert 'alt="A: loss over y_pred, where y_true is 1: 9 at -2' in html


def test_without_matplotlib_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    html = compare_components("activation", "kplug/relu", "kplug/gelu")._repr_html_()
    assert "<img" not in html
    assert html.count("<table>") == 2


def test_a_picture_needs_a_curve(tmp_path: Path) -> None:
    found = compare_components("metric", "kplug/auc", "kplug/precision")
    with pytest.raises(KplugError, match="none of these is a function of one variable"):
        found.plot(tmp_path / "a.png")


@pytest.mark.slow
def test_a_notebook_shows_it() -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    code = (
        "from kplug_numbers import compare_components\n"
        "compare_components('activation', 'kplug/relu', 'kplug/gelu')"
    )
    cells = [nbformat.v4.new_code_cell(code)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=500).execute()
    (output,) = notebook.cells[0].outputs
    assert "data:image/svg+xml" in output.data["text/html"]
    assert output.data["text/plain"].startswith("A  kplug/relu")
