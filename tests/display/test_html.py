"""HTML for notebooks: small tables without scripts, whatever the names are."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import given, strategies as st

import kplug
from kplug.display.html import html_table
from kplug.layers import Dense


class Reader(HTMLParser):
    """Collects the tags and the cells of a table."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert not attrs
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


TAGS = {"table", "thead", "tbody", "tr", "th", "td", "p", "b", "br"}
# A parser reads line ends its own way; everything else must come back as it was.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=4))
def test_every_text_comes_back(rows: list[list[str]]) -> None:
    reader = read(html_table(["<script>", "b"], rows))
    assert reader.cells == ["<script>", "b", *(cell for row in rows for cell in row)]
    assert reader.tags <= TAGS


def test_a_model_shows_its_summary() -> None:
    model = kplug.Sequential([Dense(4, input_dim=3, name="<b>one"), Dense(2)], name="a&b")
    text = model._repr_html_()
    reader = read(text)
    assert reader.cells[:6] == [
        "Layer (type)",
        "Output Shape",
        "Param #",
        "<b>one (Dense)",
        "(None, 4)",
        "16",
    ]
    assert "Model: &quot;a&amp;b&quot;" in text
    assert "Total params: 26 (104.00 B)<br>" in text
    assert reader.tags <= TAGS


def test_a_model_that_is_not_built_shows_itself_too() -> None:
    assert "0 (unbuilt)" in kplug.Sequential([Dense(2)])._repr_html_()


def test_components_show_who_supplied_them() -> None:
    model = kplug.Sequential([Dense(2, input_dim=3)])
    model.compile("adam", "mse")
    reader = read(model.components._repr_html_())
    assert reader.cells[:4] == ["slot", "component", "package", "chosen as"]
    assert reader.cells[4:6] == ["loss", "kplug/mean_squared_error"]
    assert len(reader.cells) == 4 * (1 + len(model.components))
    assert reader.tags <= TAGS
