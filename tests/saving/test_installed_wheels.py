"""Saved files record plugins that pip installed; unusable installations are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.virtual_environments import build_wheel, make_environment, run

pytestmark = pytest.mark.slow  # wheels are built and installed

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "{version}"
dependencies = {requires}
[project.entry-points."kplug.losses"]
{loss} = "tide_loss:tide"
[tool.hatch.build.targets.wheel]
only-include = ["{module}.py"]
"""
SOURCE = "def tide(y_true, y_pred):\n    return (y_true - y_pred).abs().mean(-1)\n"
PROGRAM = """
import json, sys
import h5py
import kplug

def attempt(run):
    try:
        return run()
    except kplug.KplugError as error:
        return str(error)

def save(loss, path="m.h5"):
    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2)])
    model.compile("sgd", loss)
    model.save(path)
    with h5py.File(path) as file:
        return json.loads(file.attrs["kplug_components"])["components"][0]

def load(path="m.h5"):
    return attempt(lambda: kplug.load_model(path, verify="exact").loss.name)
"""


def _build(folder: Path, name: str, version: str, source: str, **facts: Any) -> Path:
    module = facts.get("module", "tide_loss")
    project = folder / f"{name}-{version}"
    project.mkdir(parents=True)
    text = PROJECT.format(
        name=name,
        version=version,
        requires=json.dumps(facts.get("requires", [])),
        loss=facts.get("loss", "tide"),
        module=module,
    )
    (project / "pyproject.toml").write_text(text)
    (project / f"{module}.py").write_text(source)
    return build_wheel(project)


def test_installed_hidden_wrapped_overlapping_and_edited(tmp_path: Path) -> None:
    python = make_environment(tmp_path / "venv")

    def install(wheel: Path) -> None:
        run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=tmp_path)

    def tell(lines: str, folder: Path = tmp_path) -> Any:
        text = run(python, "-c", f"{PROGRAM}\nprint(json.dumps({lines}))", cwd=folder)
        return json.loads(text.splitlines()[-1])

    install(_build(tmp_path / "src", "tide-loss", "1.3", SOURCE))
    wrapper = {"requires": ["tide-loss"], "loss": "common", "module": "wrapping"}
    install(_build(tmp_path / "src", "a-wrapper", "0.1.0", "", **wrapper))

    row, loaded = tell('[save("tide-loss/tide"), load()]')
    assert (row["version"], row["hash"][:7], loaded) == ("1.3", "sha256:", "tide")
    both = tell('[save("a-wrapper/common"), save("tide-loss/tide"), load()]')
    assert [each["version"] for each in both[:2]] == ["0.1.0", "1.3"]
    assert (both[0]["code"]["version"], both[0]["code"]["hash"]) == ("1.3", row["hash"])
    assert both[2] == "tide"

    work = tmp_path / "work"  # a module of the working directory
    work.mkdir()
    (work / "tide_loss.py").write_text(SOURCE)
    (work / "good.h5").write_bytes((tmp_path / "m.h5").read_bytes())
    hidden, refused, before = tell('[save("tide-loss/tide"), load(), load("good.h5")]', work)
    reason = "'tide_loss' was imported from another place than the one that it is installed in"
    assert (hidden["hash"], hidden["doubt"]) == (None, reason)
    assert reason in refused
    assert reason in before

    # Two distributions with one file: the second has written over the first's.
    install(_build(tmp_path / "src", "sea-loss", "2.0", SOURCE + "# other\n", loss="sea"))
    over, refused = tell('[save("tide-loss/tide"), load("work/good.h5")]')
    assert (over["hash"], over["doubt"]) == (
        None,
        "the file of 'tide_loss' is not as it was installed",
    )
    assert "tide-loss 1.3, which supplied tide-loss/tide, cannot be vouched for here" in refused
    said = run(python, "-m", "kplug", "doctor", cwd=tmp_path, check=False)
    assert "overlapping: tide-loss" in said
    assert "tide_loss.py is a file of sea-loss, too" in said
    assert "changed: tide-loss" in said
