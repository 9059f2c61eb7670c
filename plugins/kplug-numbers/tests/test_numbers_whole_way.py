"""A plugin in three versions, as wheels: what an author records and what a user of a model is told."""

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
name = "tide-loss"
version = "{version}"
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


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("numbers") / "venv")


def _publish(python: Path, folder: Path, version: str, at_ties: str, comment: str = "") -> Path:
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


def test_an_upgrade_from_record_to_bisect(python: Path, tmp_path: Path) -> None:
    def install(wheel: Path) -> None:
        options = ("--no-index", "--no-deps", "--quiet", "--force-reinstall")
        run(python, "-m", "pip", "install", *options, wheel, cwd=tmp_path)

    def load() -> Any:
        return json.loads(run(python, "-c", LOAD, cwd=tmp_path).splitlines()[-1])

    def tell(*arguments: str | Path) -> str:
        return run(python, "-m", "kplug", "numbers", *arguments, cwd=tmp_path, check=False)

    old = _publish(python, tmp_path, "0.1", "0.0")
    same = _publish(python, tmp_path, "0.2", "0.0", "# nothing but code has changed")
    other = _publish(python, tmp_path, "0.3", "1.0")
    last = _publish(python, tmp_path, "0.4", "1.0", "# as before")

    # Announced before anything is installed.
    assert tell("diff", old, same) == "1 same\n"
    assert "differs: loss tide-loss/tide: real/exact/gradient: 0, now " in tell("diff", same, other)

    install(old)
    run(python, "-c", TRAIN, cwd=tmp_path)
    assert load() == ["", "", ""]
    install(same)
    warned, refused, exact = load()
    assert (warned, refused) == ("", "")
    assert "was 0.1, here 0.2" in exact
    install(other)
    warned, refused, _ = load()
    assert 'was 0.1, here 0.3: pip install "tide-loss==0.1"\n    loss tide-loss/tide(' in warned
    assert "computes other numbers: real/exact/gradient: 0, now " in warned
    assert refused.startswith("refused: ")
    assert "computes other numbers: real/exact/gradient" in refused

    told = tell("bisect", "m.keras", last, other, same, old)
    assert told.startswith("tide-loss 0.3 differs:\n")
    assert told.endswith("the same until 0.2\n")
    assert "computes other numbers: real/exact/gradient" in told
    assert tell("bisect", "m.keras", same, old) == "the same numbers with all versions\n"
