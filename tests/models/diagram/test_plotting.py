"""plot_model: what it returns and what it refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kplug
from kplug.errors import ArgumentValueError, NotBuiltError
from kplug.utils import plot_model

# pydot reads its own language with a pyparsing that is older than the one installed.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated - use:DeprecationWarning")


Make = Callable[[Any, str], Any]


def test_a_notebook_is_given_the_picture(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = SimpleNamespace(Image=lambda filename: ("image", filename))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    file = tmp_path / "model.png"
    assert plot_model(make(kplug, "siamese"), file, dpi=50) == ("image", str(file))


def test_what_cannot_be_drawn_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError) as unbuilt:
        plot_model(kplug.Sequential([kplug.layers.Dense(1)], name="open"), tmp_path / "model.png")
    assert str(unbuilt.value) == (
        "plot_model: model 'open' is not built: its input shape is unknown\n"
        "  Give the first layer an input_shape, or call the model on data once."
    )
    with pytest.raises(ArgumentValueError) as direction:
        plot_model(make(kplug, "siamese"), rankdir="up")
    assert str(direction.value) == (
        "plot_model: argument 'rankdir' is 'up'; allowed: 'tb', 'bt', 'lr' or 'rl'"
    )
    with pytest.raises(ArgumentValueError, match="'dpi' is 0; allowed: an integer >= 1"):
        plot_model(make(kplug, "siamese"), dpi=0)
