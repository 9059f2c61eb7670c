"""READMEs and docstrings as HTML: what is kept, and that nothing in it runs or is fetched."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from kplug_registry.building.distribution_facts import read_facts
from kplug_registry.building.rendered_text import MOST_README, render_docstring, render_readme

MARKDOWN = "text/markdown; charset=UTF-8; variant=GFM"


class Tags(HTMLParser):
    """The tags of a page as a browser's parser sees them, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.found}


def test_markdown_is_rendered_below_the_titles_of_the_page() -> None:
    text = (
        "# Waves\n\nA *loss* of `x`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\n1 < 2\n```\n"
    )
    page = Tags(render_readme(text, MARKDOWN))
    assert {"h3", "em", "code", "table", "td", "pre"} <= page.names
    assert not {"h1", "h2"} & page.names
    assert "1 < 2" in page.text


@pytest.mark.parametrize(
    "text",
    [
        "<script>window.hacked=1</script>",
        "x <img src=https://e.org/x.png onerror=alert()> y",
        "<svg onload=alert()><style>*{display:none}</style>",
        "<iframe src=https://e.org></iframe><form action=x><input></form>",
        "<p style='position:fixed' class=warning id=words onclick=alert()>x</p>",
        "[a](javascript:alert()) <a href='JaVaScRiPt:alert()'>b</a> <a href='data:text/html,x'>c</a>",
        "![x](javascript:alert()) ![y](data:image/svg+xml,x)",
        "[a]: javascript:alert()\n\n[a] <javascript:alert()>",
        "<a href='//e.org'>x</a> <a href='../../index.html'>y</a>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert()>",
    ],
)
def test_nothing_runs_and_nothing_is_fetched(text: str) -> None:
    for made in (render_readme(text, MARKDOWN), render_readme(text, ""), render_docstring(text)):
        page = Tags(made)
        assert not {"script", "img", "svg", "iframe", "form", "input", "style"} & page.names
        for _, attributes in page.found:
            assert attributes.keys() <= {"href", "rel", "tabindex"}
            assert (attributes.get("href") or "https://").startswith(("https://", "mailto:"))


def test_a_picture_is_a_link_and_a_link_within_the_repository_is_text() -> None:
    page = Tags(render_readme("![Curve](https://e.org/x.png) [guide](docs/guide.md)", MARKDOWN))
    assert [facts.get("href") for name, facts in page.found if name == "a"] == [
        "https://e.org/x.png",
        None,
    ]
    assert page.text.split() == ["Curve", "guide"]


@pytest.mark.parametrize("content_type", ["", "text/x-rst", "text/plain"])
def test_other_languages_are_shown_as_they_are(content_type: str) -> None:
    page = Tags(render_readme("Waves\n=====\n\n.. raw:: html\n\n   <b>x</b>", content_type))
    assert page.names == {"pre"}
    assert ".. raw:: html\n\n   <b>x</b>" in page.text


@pytest.mark.parametrize("text", ["a|b\n-|-\n" + "|\n" * 5_000_000, "![a" * 3_000_000])
def test_a_page_stays_small_whatever_a_readme_has(text: str) -> None:
    assert len(render_readme(text, MARKDOWN)) <= 8 * MOST_README


def test_sections_of_a_docstring_are_lists_and_code() -> None:
    text = (
        "A wave.\n\nArgs:\n    height: Of `y`, a <float>.\n\nExample:\n    >>> wave(1)\n    <Wave>"
    )
    page = Tags(render_docstring(text))
    assert {"ul", "li", "code", "pre", "strong"} <= page.names
    assert "height: Of y, a <float>." in page.text
    assert ">>> wave(1)\n<Wave>" in page.text


def test_metadata_say_author_links_and_readme() -> None:
    text = (
        "Metadata-Version: 2.1\nName: x\nVersion: 1\nAuthor-email: Ann <ann@example.org>\n"
        "Project-URL: Changelog, https://example.org/changes\n"
        "Project-URL: Evil, javascript:alert()\n"
        "Description-Content-Type: text/markdown\n\nA *wave*.\n"
    )
    found = read_facts(text.encode())
    assert (found.author, found.links) == ("Ann", (("Changelog", "https://example.org/changes"),))
    assert found.readme == "<p>A <em>wave</em>.</p>\n"
    assert read_facts(b"\xff\x00").readme == ""
