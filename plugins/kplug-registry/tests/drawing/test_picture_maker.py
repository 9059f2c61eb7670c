"""Pictures are drawn if the wheel's build is installed; a failure costs one picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.drawing import PictureMaker
from kplug_registry.drawing.drawing_process import DrawingProcess
from kplug_registry.wheels import read_wheel

MakeWheel = Callable[..., Path]
Install = Callable[[Path], Path]
LOSSES = """
import os, sys, time

def good(y_true, y_pred):
    print("noise")
    return (y_true - y_pred).abs().mean(-1)

def raising(y_true, y_pred):
    raise SystemExit("enough")

def hanging(y_true, y_pred):
    time.sleep(1000)

def ending(y_true, y_pred):
    os._exit(3)

def wide(y_true, y_pred, width):
    return ((y_true - y_pred) / width).abs().mean(-1)
wide.__kplug_example__ = __import__("kplug").Example({"width": 2.0})
"""
NAMES = ("ending", "good", "hanging", "raising", "wide")
ENTRY_POINTS = "[kplug.losses]\n" + "".join(f"{name} = kplug_waves:{name}\n" for name in NAMES)


def summarize(wheel: Path) -> list[str]:
    with PictureMaker() as maker:
        assert maker.add_pictures(read_wheel(wheel)).drawn == ()
        return list(maker.summarize())


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("installed", "setting", "reason"),
    [
        (None, "", "kplug-waves 1.0 is not installed here"),
        ({"version": "1.1"}, "", "kplug-waves 1.0 is installed here as version 1.1"),
        (
            {"code": {"kplug_waves/__init__.py": "def wave_loss(y_true, y_pred): ...\n"}},
            "",
            "kplug-waves 1.0 is installed here with other code",
        ),
        ({}, "kplug-waves", "kplug-waves 1.0 may not load here: "),
    ],
    ids=["not installed", "another version", "other code", "switched off"],
)
def test_nothing_is_drawn_of_another_build(
    make_wheel: MakeWheel,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    installed: dict[str, object] | None,
    setting: str,
    reason: str,
) -> None:
    if installed is not None:
        install(make_wheel(**installed))
    if setting:
        monkeypatch.setenv("KPLUG_DISABLE", setting)
    count, why = summarize(make_wheel())
    assert count == "pictures of 0 of 1 component"
    assert why.startswith(f"  without: all of its 1: {reason}")


@pytest.mark.slow
def test_a_component_that_stops_the_drawing_costs_its_own_picture(
    make_wheel: MakeWheel,
    install: Install,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw(process: DrawingProcess, kind: str, spec: str) -> tuple[bytes, str]:
        process._time_limit = 3 if spec.endswith("hanging") else 600  # the machine may be busy
        return original(process, kind, spec)

    original = DrawingProcess.draw
    monkeypatch.setattr(DrawingProcess, "draw", draw)
    wheel = make_wheel(code={"kplug_waves/__init__.py": LOSSES}, entry_points=ENTRY_POINTS)
    install(wheel)
    with PictureMaker() as maker:
        drawn = maker.add_pictures(read_wheel(wheel))
        summary = list(maker.summarize())
    assert [one.name for one in drawn.drawn] == ["good", "wide"]
    assert drawn.drawn[1].picture.text.startswith("wide(width=2.0): loss over y_pred")
    for digest, content in drawn.pictures.items():
        assert hashlib.sha256(content).hexdigest() == digest
        assert content.startswith(b"<?xml")
    assert summary == [
        "pictures of 2 of 5 components",
        "  without: kplug-waves/ending: it ended the process that draws",
        "  without: kplug-waves/hanging: it was not drawn within 3 s",
        "  without: kplug-waves/raising: it raised SystemExit: enough",
    ]
    assert capfd.readouterr() == ("", "")
