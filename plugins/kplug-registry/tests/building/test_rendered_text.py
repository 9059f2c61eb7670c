"""READMEs and docstrings as HTML: what is kept, and that nothing in it runs or is fetched."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from kplug_registry.building.distribution_facts import read_facts
from kplug_registry.building.rendered_text import MOST_README, render_docstring, render_readme
from readme_renderer import rst

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
    for made in (
        render_readme(text, MARKDOWN),
        render_readme(text, ""),
        render_readme(text, "text/plain"),
        render_docstring(text),
    ):
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


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=UTF-8", "text/html"])
def test_other_languages_are_shown_as_they_are(content_type: str) -> None:
    page = Tags(render_readme("Waves\n=====\n\n.. raw:: html\n\n   <b>x</b>", content_type))
    assert page.names == {"pre"}
    assert ".. raw:: html\n\n   <b>x</b>" in page.text


STRUCTURED = """
Waves
=====

.. contents::

.. image:: https://e.org/ci.svg
   :target: https://e.org/ci
   :alt: Build

|badge| A *loss* of ``x``, see `the page <https://e.org/page>`_ and named_.

.. |badge| image:: https://e.org/badge.svg
.. _named: https://e.org/named

More
----

.. note:: Take care.

.. figure:: curve.png

   A curve.

===  ===
one  two
===  ===
1    2
===  ===

| First line
| Second line

.. code-block:: python

   1 < 2
"""


@pytest.mark.parametrize("content_type", ["text/x-rst", "Text/X-RST; charset=UTF-8", ""])
def test_restructured_text_is_rendered_below_the_titles_of_the_page(content_type: str) -> None:
    page = Tags(render_readme(STRUCTURED, content_type))
    assert {"h3", "h4", "em", "code", "table", "td", "pre", "div"} <= page.names
    assert not {"h1", "h2", "img"} & page.names
    places = [attributes["href"] for _, attributes in page.found if "href" in attributes]
    assert places == [f"https://e.org/{end}" for end in ("ci", "badge.svg", "page", "named")]
    assert "Contents" not in page.text


def test_restructured_text_says_what_readme_renderer_shows() -> None:
    oracle = rst.render(STRUCTURED)
    assert oracle is not None
    shown = Tags(render_readme(STRUCTURED, "text/x-rst")).text.split()
    pictures, contents = ["Build", "badge", "picture"], ["Contents", "Waves", "More"]
    expected = Tags(oracle).text.split()
    assert sorted(shown + contents) == sorted(expected + pictures)


@pytest.mark.parametrize(
    "text",
    [
        ".. include:: {path}",
        ".. include:: {path}\n   :literal:",
        ".. raw:: html\n\n   <script>alert()</script>",
        ".. raw:: html\n   :file: {path}",
        ".. csv-table::\n   :file: {path}",
        ".. role:: html(raw)\n   :format: html\n\n:html:`<script>alert()</script>`",
        ".. figure:: {path}\n   :figwidth: image",
        ".. image:: file://{path}\n   :loading: embed\n   :scale: 50",
        ".. code::\n   :include: {path}",
        ".. |d| date:: in 2026\n\n|d|",
        "`x <javascript:alert()>`_ `y <data:text/html,z>`_ javascript:alert()",
        ".. image:: javascript:alert()\n   :target: javascript:alert()",
        ".. _a: javascript:alert()\n\na_",
        ".. class:: warning\n\n.. container:: warning\n\n   x",
        ".. meta::\n   :http-equiv=refresh: 0; url=https://e.org",
        "x\n\n.. header:: <script>",
    ],
)
def test_restructured_text_reads_no_file_and_runs_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret")
    page = Tags(render_readme("Shown.\n\n" + text.format(path=tmp_path / "secret"), "text/x-rst"))
    assert "Shown." in page.text
    assert "a secret" not in page.text
    assert "in 2026" not in page.text or "date::" in page.text
    assert page.names <= {"a", "code", "div", "em", "p", "pre"}
    for _, attributes in page.found:
        assert attributes.keys() <= {"href", "rel", "tabindex"}
        assert (attributes.get("href") or "https://").startswith("https://")


@pytest.mark.parametrize(
    "text",
    ["Waves\n==\n\n.. wave:: x", ".. note::", ":wave:`x`", "- " * 5_000],
)
def test_restructured_text_with_errors_is_shown_as_it_is(text: str) -> None:
    page = Tags(render_readme(text, "text/x-rst"))
    assert page.names == {"pre"}
    assert page.text.strip() == text.strip()


def test_a_text_does_not_change_how_the_next_one_is_read() -> None:
    render_readme(".. role:: wave\n.. default-role:: math", "text/x-rst")
    assert Tags(render_readme(":wave:`x`", "text/x-rst")).names == {"pre"}
    assert Tags(render_readme("`x`", "text/x-rst")).text.strip() == "x"


BORDER, ROW = "= " * 4_000 + "=\n", "a\n"
BOMBS = {
    "columns of short rows": f"{BORDER}{ROW * 6_000}{BORDER}",
    "names of names": "".join(f".. |a{n}| replace:: |a{n + 1}| |a{n + 1}|\n" for n in range(40))
    + ".. |a40| image:: x\n\n|a0|",
    "a long name": ".. |a| replace:: b" + "\n   *b*" * 1_500 + "\n" + "\n|a|" * 4_000,
    "lists of contents": ".. contents::\n\n" * 500 + "a\n=\n\n" * 1_000,
    "lists of targets": ".. target-notes::\n\n" * 600
    + "\n".join(f"`a <b{n}>`_" for n in range(1_300)),
    "rows of a file": ".. csv-table::\n\n   " + "," * 9_000 + "\n" + "   a\n" * 4_000,
}


@pytest.mark.parametrize("case", BOMBS)
def test_restructured_text_grows_with_its_length_alone(case: str) -> None:
    """Each of these would be millions of nodes, and takes docutils minutes and gigabytes."""
    begin = time.process_time()
    assert len(render_readme(BOMBS[case], "text/x-rst")) <= 8 * MOST_README
    assert time.process_time() - begin < 10


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
