"""Checks that an SVG that was made where plugins run has only shapes and text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_SHAPES = frozenset(
    {"svg", "g", "defs", "style", "path", "text", "tspan", "use", "clipPath", "rect"}
)
_FACTS = frozenset({"metadata", "RDF", "Work", "type", "format"})  # matplotlib's metadata
_ELSEWHERE = re.compile(r"@import|url\((?!#)", re.IGNORECASE)


def find_fault(svg: bytes) -> str | None:
    """Return the first part of a picture that might run or load something, or None.

    Pages embed it as an image, in which nothing runs, but a reader may open the file itself.

    Example:
        >>> find_fault(b"<svg><path d='M 0 0'/></svg>")
        >>> find_fault(b"<svg><script>alert(1)</script></svg>")
        "the element 'script'"
    """
    if b"<!ENTITY" in svg or b"<?xml-stylesheet" in svg:
        return "a declaration"
    try:
        root = ET.fromstring(svg)  # noqa: S314 - it declares no entities
    except ET.ParseError:
        return "what is no XML"
    return next(_list_faults(root), None)


def _list_faults(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name not in _SHAPES | _FACTS:
            yield f"the element {name[:40]!r}"
        for attribute, value in element.attrib.items():
            own = attribute.rpartition("}")[2]
            is_outside = own in ("href", "src") and not value.startswith("#")
            if own.lower().startswith("on") or is_outside or _ELSEWHERE.search(value):
                yield f"the attribute {own[:40]!r}"
        if _ELSEWHERE.search(element.text or "") and name == "style":
            yield "a style from elsewhere"
