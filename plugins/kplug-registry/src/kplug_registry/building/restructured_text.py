"""Renders reStructuredText by docutils: no file is read, and no text grows far beyond its length."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import Any

from docutils import nodes
from docutils.core import Publisher, publish_parts
from docutils.parsers.rst import Parser
from docutils.readers.standalone import Reader
from docutils.utils import Reporter
from docutils.writers import html5_polyglot

# Directives that pad rows, outlive their text in docutils' tables of roles, or say what day it is.
_REFUSED = re.compile(r"\b(csv-table|role|default-role|date)\s?::", re.IGNORECASE)
_MOST_CELLS = 20_000  # of simple tables, whose rows get all columns
_MOST_REPLACED = 5  # nodes that stand for one name, of which there may be thousands
_SETTINGS = {
    "_disable_config": True,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "file_insertion_enabled": False,
    "halt_level": Reporter.SEVERE_LEVEL + 1,
    "initial_header_level": 3,
    "math_output": "LaTeX",
    "output_encoding": "unicode",
    "raw_enabled": False,
    "report_level": Reporter.SEVERE_LEVEL + 1,
    "strip_comments": True,
    "syntax_highlight": "none",
    "traceback": True,  # else an error ends the process
    "warning_stream": False,
}


class _NotShownError(Exception):
    """A text that is wrong, or made to be large."""


def render_restructured_text(text: str) -> str | None:
    """Return HTML that is yet to be sanitised, with links in place of pictures.

    Args:
        text: The text.

    Returns:
        The HTML; None for a text with errors, as for ``twine check``, or with what can be made to be large.
    """
    lines = text.splitlines()
    columns = 1 + max((line.count("= ") for line in lines), default=0)
    if _REFUSED.search(text) or columns * len(lines) > _MOST_CELLS:
        return None
    try:
        parts = publish_parts(
            text, reader=_Reader(), writer="html5", settings=copy(_make_settings())
        )
    except Exception:  # noqa: BLE001 - of whatever a text brings a parser to
        return None
    return str(parts["body"])


@lru_cache  # which takes docutils as long as a short text
def _make_settings() -> Any:
    publisher = Publisher(Reader(), Parser(), html5_polyglot.Writer())
    return publisher.get_settings(**_SETTINGS)


class _Reader(Reader):  # type: ignore[misc]  # docutils has no types
    """Reads a text without tables of contents, whose links lead to anchors that a page lacks."""

    def parse(self) -> None:
        """Parse the text, and take out what is not shown, or refuse it."""
        super().parse()
        document = self.document
        document.transformer.transforms.clear()  # those that directives ask for
        if document.reporter.max_level >= Reporter.ERROR_LEVEL:
            raise _NotShownError
        for definition in document.substitution_defs.values():
            inner = list(definition.findall())
            if len(inner) > _MOST_REPLACED or any(
                isinstance(each, nodes.substitution_reference) for each in inner
            ):
                raise _NotShownError
        for pending in list(document.findall(nodes.pending)):
            is_contents = isinstance(pending.parent, nodes.topic)
            taken = pending.parent if is_contents else pending
            taken.parent.remove(taken)
        for literal in document.findall(nodes.literal):
            literal["classes"].append("code")
        for image in list(document.findall(nodes.image)):
            _link(image)


def _link(image: nodes.image) -> None:
    """Put a link in the place of a picture, or its text where it is in a link."""
    label, shown = nodes.Text(image.get("alt") or "picture"), image.parent
    if isinstance(shown, nodes.reference):
        shown.replace(image, label)
        link = shown
    else:
        shown, link = image, nodes.reference("", "", label, refuri=image["uri"])
    place = shown.parent
    if not isinstance(place, nodes.TextElement):
        link, index = nodes.paragraph("", "", link), place.index(shown)
        place[index] = link
    elif link is not shown:
        place.replace(shown, link)
