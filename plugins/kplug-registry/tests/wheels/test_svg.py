"""SVGs may hold shapes and text as kplug draws them; whatever runs or loads is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from kplug_registry.wheels.svg import find_fault

from kplug.utils import plot_component

LINK = "xmlns:xlink='http://www.w3.org/1999/xlink'"


@pytest.mark.parametrize(("kind", "spec"), [("loss", "huber"), ("optimizer", "sgd")])
def test_what_kplug_draws_is_shapes_and_text(tmp_path: Path, kind: str, spec: str) -> None:
    plot_component(kind, spec, tmp_path / "a.svg")
    assert find_fault((tmp_path / "a.svg").read_bytes()) is None


@pytest.mark.parametrize(
    ("inside", "fault"),
    [
        ("<script>alert(1)</script>", "the element 'script'"),
        ("<foreignObject/>", "the element 'foreignObject'"),
        ("<image href='#a'/>", "the element 'image'"),
        ("<a href='#b'/>", "the element 'a'"),
        ("<g onload='alert(1)'/>", "the attribute 'onload'"),
        ("<g OnClick='alert(1)'/>", "the attribute 'OnClick'"),
        (f"<use {LINK} xlink:href='https://example.com/a.svg#b'/>", "the attribute 'href'"),
        ("<use href='javascript:alert(1)'/>", "the attribute 'href'"),
        ("<g style='fill: url(https://example.com)'/>", "the attribute 'style'"),
        ("<style>@import 'https://example.com'</style>", "a style from elsewhere"),
        ("<style>g { fill: url(data:x) }</style>", "a style from elsewhere"),
        ("<g>", "what is no XML"),
    ],
)
def test_anything_else_is_named(inside: str, fault: str) -> None:
    svg = f"<svg xmlns='http://www.w3.org/2000/svg'><g>{inside}</g></svg>"
    assert find_fault(svg.encode()) == fault


def test_entities_are_not_read() -> None:
    assert find_fault(b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>") == "a declaration"
