"""Curves in a file: the same bytes each time, and legible on light and on dark pages."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import pytest

from kplug.curves.curve import Curve
from kplug.curves.drawing import plot

LINE = Curve((0.0, 1.0, 2.0), (1.0, 0.5, 0.25), "step", "learning rate")
PATH = Curve((-1.0, -0.5, 0.0), (0.6, 0.2, 0.0), "first weight", "second weight", "path")


def draw(folder: Path, curve: Curve = LINE, title: str = "decay") -> str:
    plot(folder / "curve.svg", [(title, curve)])
    return (folder / "curve.svg").read_text()


@pytest.mark.parametrize("curve", [LINE, PATH], ids=["line", "path"])
def test_the_same_curve_is_the_same_bytes_whatever_the_settings(
    tmp_path: Path, curve: Curve
) -> None:
    first = draw(tmp_path, curve)
    with mpl.rc_context({"svg.hashsalt": "mine", "lines.linewidth": 9, "font.size": 20}):
        assert draw(tmp_path, curve) == first
    assert "<dc:date>" not in first


def test_the_settings_of_others_stay(tmp_path: Path) -> None:
    with mpl.rc_context({"svg.hashsalt": "mine"}):
        draw(tmp_path)
        assert mpl.rcParams["svg.hashsalt"] == "mine"


def test_the_ink_follows_the_page(tmp_path: Path) -> None:
    text = draw(tmp_path)
    assert ET.fromstring(text).get("color") == "#57606a"
    assert "@media (prefers-color-scheme: dark) { svg { color: #a3adb8; } }" in text
    assert "fill: currentColor" in text
    assert "#808080" not in text


def test_a_title_is_text_whatever_is_in_it(tmp_path: Path) -> None:
    title = "loss(name='$<script>&$', other='$\\\\frac$')"
    found = " ".join(ET.fromstring(draw(tmp_path, title=title)).itertext())
    assert title in " ".join(found.split())


def test_several_curves_share_a_panel_with_a_legend(tmp_path: Path) -> None:
    lower = Curve(LINE.x, (0.5, 0.25, 0.125), "step", "learning rate")
    plot(tmp_path / "two.svg", [("A  $x$", LINE), ("B  y", lower)], is_shared=True)
    text = (tmp_path / "two.svg").read_text()
    words = " ".join(" ".join(ET.fromstring(text).itertext()).split())
    assert all(each in words for each in ("A $x$", "B y", "learning rate"))
    assert {"#0072b2", "#d55e00"} <= set(text.replace(";", " ").split())
    assert "#808080" not in text
