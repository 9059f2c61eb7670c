"""A plugin in three versions, as wheels: what an author records and what a user of a model is told."""

from __future__ import annotations

import json
import zipfile
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
name = "tide-loss"
version = "{version}"
dependencies = ["kplug"]
[project.entry-points."kplug.losses"]
tide = "tide_loss:tide"
[tool.hatch.build.targets.wheel]
packages = ["tide_loss"]
"""
SOURCE = """
import torch

def tide(y_true, y_pred, depth=1.0):
    distance = y_pred - y_true
    {comment}
    sign = torch.where(distance == 0, {at_ties}, distance.sign()).detach()
    return depth * (distance * sign).mean(-1)
"""
TRAIN = """
import numpy as np, kplug
x = np.random.default_rng(0).random((8, 2))
model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2)])
model.compile("adam", "tide(depth=2.0)")
model.fit(x, x.sum(1, keepdims=True), epochs=2, verbose=0)
model.save("m.keras")
"""
LOAD = """
import json, warnings, kplug
def attempt(verify):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            kplug.load_model("m.keras", verify=verify)
        except kplug.KplugError as error:
            return f"refused: {error}"
    return "".join(str(one.message) for one in caught)
print(json.dumps([attempt("warn"), attempt("numbers"), attempt("exact")]))
"""

FORGET = """
import io, zipfile, h5py
with zipfile.ZipFile("m.keras") as read:
    files = {name: read.read(name) for name in read.namelist()}
weights = io.BytesIO(files["model.weights.h5"])
with h5py.File(weights, "r+") as file:
    del file.attrs["kplug_components"]
files["model.weights.h5"] = weights.getvalue()
with zipfile.ZipFile("m.keras", "w") as written:
    for name, content in files.items():
        written.writestr(name, content)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("numbers") / "venv")


def _build(python: Path, folder: Path, version: str, at_ties: str, comment: str = "") -> Path:
    """Record the numbers of a version and build its wheel."""
    project = folder / version
    (project / "tide_loss").mkdir(parents=True)
    (project / "pyproject.toml").write_text(PROJECT.format(version=version))
    source = SOURCE.format(at_ties=at_ties, comment=comment)
    (project / "tide_loss" / "__init__.py").write_text(source)
    options = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet")
    run(python, "-m", "pip", "install", *options, "-e", project, cwd=folder)
    run(python, "-m", "kplug", "numbers", "record", "tide-loss", cwd=folder)
    return build_wheel(project)


def test_an_upgrade_from_publication_to_bisect(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def install(wheel: Path) -> None:
        options = ("--no-index", "--no-deps", "--quiet", "--force-reinstall")
        run(python, "-m", "pip", "install", *options, wheel, cwd=tmp_path)

    def load() -> Any:
        return json.loads(run(python, "-c", LOAD, cwd=tmp_path).splitlines()[-1])

    def tell(*arguments: str | Path) -> str:
        return run(python, "-m", "kplug", *arguments, cwd=tmp_path, check=False)

    def publish(wheel: Path) -> None:
        told = tell("publish", wheel, "--to", "site", "--keys", "keys")
        assert told.startswith(f"site: tide-loss {wheel.name.split('-')[1]} ("), told

    old = _build(python, tmp_path, "0.1", "0.0")
    same = _build(python, tmp_path, "0.2", "0.0", "# nothing but code has changed")
    other = _build(python, tmp_path, "0.3", "1.0")
    last = _build(python, tmp_path, "0.4", "1.0", "# as before")
    tell("index", "build", "--out", "site")
    root = tell("trust", "init", "site", "--keys", "keys").split()[-1]
    tell("trust", "sign", "site", "--keys", "keys")
    registry = f'[tool.kplug.registries.ours]\npath = "site"\nroot = "{root}"\n'
    (tmp_path / "pyproject.toml").write_text(registry)

    publish(old)
    install(old)
    run(python, "-c", TRAIN, cwd=tmp_path)
    assert load() == ["", "", ""]

    # The next version has the same numbers, so there is no warning.
    publish(same)
    assert tell("outdated") == (
        "tide-loss 0.1: 0.2 in the registry ours\n  the numbers of all its components are the same\n"
    )
    shown = tell("install", "--upgrade", "--yes", "--", "--no-index", "--no-deps")
    assert "  the numbers of all its components are the same\n" in shown
    warned, refused, exact = load()
    assert (warned, refused) == ("", "")
    assert "was 0.1, here 0.2" in exact

    # The one after it changes a gradient: that is told before it is installed, and when a model is loaded.
    publish(other)
    shown = tell("install", "--upgrade", "--yes", "--", "--no-index", "--no-deps")
    announced = shown.partition("install tide-loss 0.3 from the registry ours")[2]
    assert "\n  loss tide-loss/tide: real/exact/gradient: 0, now " in announced
    assert announced.index("real/exact/gradient") < announced.index("pip install")
    warned, refused, _ = load()
    assert 'was 0.1, here 0.3: kplug install "tide-loss==0.1"\n    loss tide-loss/tide(' in warned
    assert "computes other numbers: real/exact/gradient: 0, now " in warned
    assert refused.startswith("refused: ")
    assert "computes other numbers: real/exact/gradient" in refused

    publish(last)
    for wheels in ([], [last, other, same, old]):
        told = tell("numbers", "bisect", "m.keras", *wheels)
        assert told.startswith("tide-loss 0.3 differs:\n")
        assert told.endswith("the same until 0.2\n")
        assert "computes other numbers: real/exact/gradient" in told
    assert (
        tell("numbers", "bisect", "m.keras", same, old)
        == "the same numbers with the newest version\n"
    )
    expected = tmp_path / "0.1" / "tide_loss" / "numbers.json"
    told = tell("numbers", "bisect", "tide-loss/tide", "--expected", expected)
    assert told.startswith("tide-loss 0.3 differs:\nreal/exact/gradient: 0, now ")
    history = tell("numbers", "history", "tide-loss").splitlines()
    assert [line for line in history if not line.startswith(" ")] == ["0.4", "0.3", "0.2", "0.1"]
    assert sum("real/exact/gradient" in line for line in history) == 1
    page = (tmp_path / "site/catalogue/distributions/tide-loss/index.html").read_text()
    assert [word in page for word in ("0.4</a> (same", "0.3</a> (numbers", "0.2</a> (same")]

    assert tell("numbers", "diff", old, same) == "1 same\n"
    assert "differs: loss tide-loss/tide: real/exact/gradient: 0, now " in tell(
        "numbers", "diff", same, other
    )
    for wheel in (same, other):
        bare = tmp_path / "bare" / wheel.name
        _strip(wheel, bare)
        assert "has no numbers.json" in tell("numbers", "diff", old, bare)
        told = tell("numbers", "diff", "--run", old, bare)
        assert told.endswith("1 same\n" if wheel is same else "1 differs\n")


def _strip(wheel: Path, bare: Path) -> None:
    """Copy a wheel without its numbers."""
    bare.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as read, zipfile.ZipFile(bare, "w") as written:
        for name in read.namelist():
            if not name.endswith("numbers.json"):
                written.writestr(name, read.read(name))


def test_bisect_needs_a_model_that_says_what_it_computed(python: Path, tmp_path: Path) -> None:
    wheels = [_build(python, tmp_path, version, "0.0") for version in ("0.1", "0.2")]
    run(python, "-c", TRAIN + FORGET, cwd=tmp_path)
    told = run(
        python, "-m", "kplug", "numbers", "bisect", "m.keras", *wheels, cwd=tmp_path, check=False
    )
    assert "with tide-loss 0.1 it cannot be compared: " in told
    assert "the file does not say which packages it was made of" in told
