"""Trackio's callback, with Trackio on this machine: its files are read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug

trackio = pytest.importorskip("trackio")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def project(tmp_path: Path) -> str:
    """Return a project of the test's own."""
    return tmp_path.name.replace("_", "-")


def name_logger(project: str) -> str:
    return f"trackio(project='{project}', update_freq=1, params={{'fold': 3}})"


def find_run(project: str) -> tuple[Any, list[dict[str, Any]]]:
    from trackio.sqlite_storage import SQLiteStorage

    (run,) = trackio.Api().runs(project)
    return run, SQLiteStorage.get_logs(project, run.name)


def test_a_run_is_read_back(train: Callable[..., Any], project: str, data: Any) -> None:
    model, history = train(name_logger(project))
    run, logs = find_run(project)
    for name, values in history.items():
        points = [(row["step"], row[name]) for row in logs if name in row]
        assert points == [(epoch, pytest.approx(value)) for epoch, value in enumerate(values)]
    assert [row["step"] for row in logs if "batch/loss" in row] == [*range(1, 16)]
    assert (run.config["loss"], run.config["loss.delta"], run.config["fold"]) == (
        "kplug/huber",
        2.0,
        3,
    )
    (table,) = [row["components"] for row in logs if "components" in row]
    assert [row["slot"] for row in table["_value"]] == [row.slot for row in model.components]

    reader = trackio.init(project=project, name="reader", embed=False)
    lock = reader.use_artifact(f"run-{run.name}-lock").download(root="lock")
    artifact = reader.use_artifact(f"run-{run.name}-model", type="model")
    file = Path(artifact.download(root="model"), "model.keras")
    reader.finish()
    assert Path(lock, "kplug.lock").read_text().startswith("# What supplies")
    assert artifact.metadata["outputs"] == [
        {"name": "score", "shape": [None, 1], "dtype": "float32"}
    ]
    loaded = kplug.load_model(file)
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


def test_a_resumed_training_continues_the_run(
    train_with_power_cut: Callable[..., Any], project: str
) -> None:
    train_with_power_cut(name_logger(project))
    _, logs = find_run(project)
    assert [row["step"] for row in logs if "loss" in row] == [0, 1, 2]
    assert [row["step"] for row in logs if "batch/loss" in row] == [*range(1, 16)]
