"""`kplug facts` writes what an installed plugin says of its components, and a registry takes it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.wheels import read_wheel

MakeWheel = Callable[..., Path]
Install = Callable[[Path], Path]
CODE = {
    "kplug_waves/__init__.py": "",
    "kplug_waves/plugin.py": '''
import functools
import kplug

def wave(y_true, y_pred, height: "float"):
    """A wave of a height."""
    return ((y_true - y_pred) ** 2).mean(-1) * height

def make(factor):
    def loss(y_true, y_pred, width: float = 1.0, sign: 'int | None' = None):
        """A made wave."""
        return (y_true - y_pred).abs().mean(-1) * width * factor
    return loss

@kplug.hookimpl
def kplug_losses():
    return {
        "wave": kplug.Component("wave", wave, example="kplug_waves.plugin:EXAMPLES"),
        "double": kplug.Component("double", make(2.0), aliases=("twice",)),
        "triple": kplug.Component("triple", make(3.0), is_qualified_only=True, summary="Three."),
    }

EXAMPLES = {"wave": {"height": 2.0}}
''',
}


def run(*arguments: object, code: int = 0) -> str:
    command = [sys.executable, "-m", "kplug", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> Path:
    return make_wheel(code=CODE, entry_points="[kplug]\nplugin = kplug_waves.plugin\n")


@pytest.mark.slow
def test_facts_of_components_in_code_reach_the_pages(
    wheel: Path, install: Install, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    run("index", "build", "--out", site)
    refusal = " ".join(run("publish", wheel, "--to", site, code=2).split())
    assert f"write `kplug facts {wheel.name}`, and give its file with the wheel" in refusal
    install(wheel)
    printed = run("facts", wheel)
    assert f"{wheel}.facts.json: 3 components\npictures of 3 of 3 components" in printed
    run("publish", wheel, "--to", site)
    found: dict[str, Any] = {}
    for name in ("wave", "double", "triple", "twice"):
        file = json.loads((site / f"components/loss/{name}.json").read_text())
        (found[name],) = file["offers"]
    signatures = {name: offer["signature"] for name, offer in found.items()}
    made = "(width: float = 1.0, sign: int | None = None)"
    assert signatures == {
        "wave": "(y_true, y_pred, height: 'float')",
        "double": made,
        "triple": made,
        "twice": made,
    }
    assert found["wave"]["example"] == "wave(height=2.0)"
    assert [found[name]["is_stated"] for name in ("wave", "double")] == [False, True]
    assert found["triple"]["is_qualified_only"]
    for name, offer in found.items():
        page = (site / f"catalogue/components/loss/{name}.html").read_text()
        assert f"/pictures/{offer['picture']['sha256']}.svg" in page
    assert "sound" in run("index", "verify", site)


@pytest.mark.slow
def test_nothing_is_stated_about_what_is_not_installed(wheel: Path) -> None:
    said = " ".join(run("facts", wheel, code=2).split())
    assert (
        f"nothing can be stated about {wheel.name}: kplug-waves 1.0 is not installed here" in said
    )
    assert not list(wheel.parent.glob("*.json"))
    assert "there is no wheel at" in " ".join(run("facts", wheel.parent / "x.whl", code=2).split())


@pytest.mark.slow
def test_facts_without_pictures_go_into_the_file_that_is_named(
    wheel: Path, install: Install, tmp_path: Path
) -> None:
    install(wheel)
    out = tmp_path / "facts.json"
    run("facts", wheel, "--out", out, "--no-pictures")
    names = [one["name"] for one in json.loads(out.read_text())["components"]]
    assert sorted(names) == ["double", "triple", "wave"]
    with pytest.raises(ValueError, match="declares components in code"):
        read_wheel(wheel)


def test_a_plugin_that_is_broken_here_states_nothing(
    make_wheel: MakeWheel, install: Install
) -> None:
    code = {
        **CODE,
        "kplug_waves/plugin.py": CODE["kplug_waves/plugin.py"] + "\nraise OSError('sea')\n",
    }
    wheel = make_wheel(code=code, entry_points="[kplug]\nplugin = kplug_waves.plugin\n")
    install(wheel)
    said = " ".join(run("facts", wheel, code=2).split())
    assert f"nothing can be stated about {wheel.name}: kplug-waves 1.0 is broken here: " in said
    assert "sea" in said
