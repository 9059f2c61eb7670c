"""Lists to browse without a search or a script: kinds, facets, and distributions by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from kplug_registry.building import build_site
from kplug_registry.publishing import publish, verify
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

MakeWheel = Callable[..., Path]
NOW = "2026-01-31T12:00:00Z"


@pytest.fixture
def site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    metadata = "License: MIT\nClassifier: Development Status :: 3 - Alpha\n"
    wheels = [
        make_wheel(metadata=metadata),
        make_wheel(version="2.0", metadata=f"{metadata}Requires-Dist: torchmetrics\n"),
        make_wheel("kplug-tides", metadata="License: All rights reserved\n"),
    ]
    build_site(map(read_wheel, wheels), tmp_path / "site", NOW)
    return tmp_path / "site"


def list_rows(site: Path, page: str) -> list[str]:
    """Return the distributions in the rows of a page."""
    text = (site / "catalogue" / page).read_text("utf-8")
    return re.findall(r'<a class="version" href="[^"]*">([^<]*)</a>', text)


@pytest.mark.parametrize(
    ("facet", "expected"),
    [
        ("all", ["kplug-tides", "kplug-waves"]),  # what is experimental comes later
        ("licence-mit", ["kplug-waves"]),
        ("licence-other", ["kplug-tides"]),
        ("lifecycle-experimental", ["kplug-waves"]),
        ("needs-torchmetrics", ["kplug-waves"]),
    ],
)
def test_a_facet_of_a_kind_has_a_page(site: Path, facet: str, expected: list[str]) -> None:
    assert list_rows(site, f"kinds/loss.{facet}.html") == expected
    assert f'href="loss.{facet}.html"' in (site / "catalogue/kinds/loss.all.html").read_text() or (
        facet == "all"
    )


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href and not href.startswith(("#", "http")):
            self.found.append(unquote(urlsplit(href).path))


def test_every_page_is_reached_by_links_alone(site: Path, make_wheel: MakeWheel) -> None:
    publish([read_wheel(make_wheel("kplug-ponds"))], Folder(site), NOW)
    open_pages, seen = [site / "index.html"], set[Path]()
    while open_pages:
        page = open_pages.pop()
        assert page.is_file(), page
        if page in seen or page.suffix != ".html":
            continue
        seen.add(page)
        links = Links(page.read_text("utf-8")).found
        open_pages += [(page.parent / each).resolve() for each in links]
    assert seen == {site / "index.html", *site.glob("catalogue/**/*.html")}
    assert verify(Folder(site)) == []


def test_a_distribution_is_listed_by_its_first_characters(site: Path) -> None:
    page = (site / "catalogue/names/wa.html").read_text("utf-8")
    assert '<a href="../distributions/kplug-waves/index.html">kplug-waves</a>' in page
    assert "kplug-tides" not in page
    start = (site / "catalogue/names/index.html").read_text("utf-8")
    assert re.findall(r'<a href="(\w+).html">', start) == ["newest", "ti", "wa"]


def test_a_version_says_whether_it_is_the_current_one(site: Path) -> None:
    folder = site / "catalogue/distributions/kplug-waves"
    said = "This is not the current version"
    pages = {page.name: said in page.read_text("utf-8") for page in folder.iterdir()}
    assert pages == {"1.0.html": True, "2.0.html": False, "index.html": False}


def test_a_list_is_found_without_what_is_gone(site: Path, make_wheel: MakeWheel) -> None:
    wheel = make_wheel(
        version="3.0", metadata="License: MIT\nClassifier: Development Status :: 5 - Production/Stable\n"
    )  # fmt: skip
    publish([read_wheel(wheel)], Folder(site), NOW)
    assert list_rows(site, "kinds/loss.lifecycle-experimental.html") == []
    assert list_rows(site, "kinds/loss.needs-torchmetrics.html") == []
    assert list_rows(site, "kinds/loss.licence-mit.html") == ["kplug-waves"]
    assert verify(Folder(site)) == []
