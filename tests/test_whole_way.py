"""The whole way of a plugin, from its template to the same predictions in somebody else's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.virtual_environments import build_wheel, make_environment, run

LOSS = '''"""The loss ``tilted_loss``: errors below the target cost more than errors above it, or less."""

from __future__ import annotations

from kplug.errors import ArgumentValueError
from torch import Tensor, maximum


def tilted_loss(y_true: Tensor, y_pred: Tensor, quantile: float = 0.9) -> Tensor:
    """Compute the mean of ``max(q · (y_true - y_pred), (q - 1) · (y_true - y_pred))`` over the last axis.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        quantile: q, which part of the targets should be below the predictions; in (0, 1).
    """
    if not 0 < quantile < 1:
        raise ArgumentValueError("tilted_loss", "quantile", quantile, "a number in (0, 1)")
    error = y_true - y_pred
    return maximum(quantile * error, (quantile - 1) * error).mean(-1)
'''
MISTAKE = (".mean(-1)", ".detach().mean(-1)")
DATA = """
import numpy as np, kplug
from kplug import Sequential, layers
x = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
y = x[:, :2]
"""
SAVE = f"""{DATA}
model = Sequential([layers.Dense(2, input_dim=3)])
model.compile(optimizer="sgd", loss="tilted_loss(quantile=0.8)")
model.fit(x, y, verbose=0)
model.save("model.keras")
print(model.predict(x, verbose=0).tolist(), model.evaluate(x, y, verbose=0))
"""
LOAD = f"""{DATA}
model = kplug.load_model("model.keras", lock="kplug.lock")
print(model.predict(x, verbose=0).tolist(), model.evaluate(x, y, verbose=0))
"""
MISSING = "kplug-acme 0.1.0, which supplies tilted_loss, is not installed"


@pytest.mark.slow
def test_from_the_template_to_the_same_predictions_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no git: kplug may be a working copy, whose commit moves on
    wheel = _write_plugin(tmp_path, make_environment(tmp_path / "author"))
    wheels = ("--no-index", "--no-deps", "--find-links", wheel.parent)

    here = make_environment(tmp_path / "here")
    run(here, "-m", "pip", "install", *wheels, "kplug-acme", cwd=tmp_path)
    predictions = run(here, "-c", SAVE, cwd=tmp_path)
    locked = run(here, "-m", "kplug", "lock", "model.keras", "--allow-unlocked", cwd=tmp_path)
    assert "kplug-acme 0.1.0, torch" in locked
    checked = run(here, "-m", "kplug", "lock", "--check", cwd=tmp_path, check=False)
    assert "kplug-acme" not in checked, "it was just locked"

    there = make_environment(tmp_path / "there")
    checked = run(there, "-m", "kplug", "lock", "--check", cwd=tmp_path, check=False)
    assert MISSING in checked
    refused = run(there, "-c", LOAD, cwd=tmp_path, check=False)
    assert "kplug.LockError" in refused
    assert MISSING in refused

    synced = run(there, "-m", "kplug", "sync", "--yes", "--", *wheels, cwd=tmp_path)
    assert "install kplug-acme==0.1.0" in synced
    assert "installed as locked" in synced
    assert run(there, "-c", LOAD, cwd=tmp_path) == predictions


def _write_plugin(folder: Path, python: Path) -> Path:
    """Go the author's way from `kplug new` to a wheel; return it."""
    run(python, "-m", "kplug", "new", "kplug-acme", "--loss", "tilted_loss", cwd=folder)
    project = folder / "kplug-acme"
    module = project / "src" / "kplug_acme" / "tilted_loss.py"
    quick = ("--no-deps", "--no-build-isolation")
    run(python, "-m", "pip", "install", *quick, "-e", project, cwd=folder)
    module.write_text(LOSS.replace(*MISTAKE))
    failed = run(python, "-m", "kplug", "check", "kplug-acme", cwd=folder, check=False)
    assert "failed  loss  kplug-acme/tilted_loss" in failed
    module.write_text(LOSS)
    passed = run(python, "-m", "kplug", "check", "kplug-acme", "--strict", cwd=folder)
    assert "passed  loss  kplug-acme/tilted_loss" in passed
    return build_wheel(project)
