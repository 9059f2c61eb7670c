"""Notes what wrote the pages of a site, to tell an upgrade of kplug-registry from a change by hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import PAGE_WRITERS, PageWriters, to_json

_LIBRARIES = ("docutils", "jinja2", "kplug", "markdown-it-py", "markupsafe", "nh3")  # of pages
_LONGEST = 100  # characters of one that is shown
_SOURCES = (".css", ".html", ".js", ".py", ".svg")


@cache
def find_writer() -> str:
    """Return what writes pages here: the version of kplug-registry, and a hash of what decides on them."""
    digest = sha256(" ".join(map(version, _LIBRARIES)).encode())
    for path in sorted(Path(__file__).parents[1].rglob("*")):
        if path.suffix in _SOURCES:
            digest.update(path.read_bytes())
    return f"kplug-registry {version('kplug-registry')} {digest.hexdigest()[:12]}"


def find_page_writers(view: SiteView) -> Sequence[str]:
    """Return what has written the pages of a site; empty if it does not say."""
    try:
        found = view.find(PageWriters, PAGE_WRITERS)
    except SiteFormatError:  # no signature covers it
        return ()
    return [each[:_LONGEST] for each in found.writers if each.isprintable()] if found else ()


def start_page_writers(view: SiteView) -> None:
    """Write that all pages of a site are from here."""
    view.write(PAGE_WRITERS, to_json(PageWriters((find_writer(),))))


def add_page_writer(view: SiteView) -> None:
    """Write that some pages of a site are from here, if it says what the others are from."""
    known = find_page_writers(view)
    if known and find_writer() not in known:
        view.write(PAGE_WRITERS, to_json(PageWriters((*known, find_writer()))))
