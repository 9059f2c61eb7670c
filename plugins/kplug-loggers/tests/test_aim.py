"""Aim's callback, with a repository of Aim on this machine, which is read back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug.errors import KplugWarning

pytest.importorskip("aim")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

NAME = "aim('my runs', experiment='dice', update_freq=1, params={'fold': 3})"

READER = """
import json
import aim
from aim.sdk.index_manager import RepoIndexManager

repo = aim.Repo.from_path("my runs")
(run_id,) = repo.list_all_runs()
assert RepoIndexManager.get_index_manager(repo).index(run_id)
run = aim.Repo("my runs").get_run(run_id)
points = {one.name: one.dataframe()[["step", "value"]].to_numpy().tolist() for one in run.metrics()}
files = {name: one.download(".") for name, one in run.artifacts.items()}
print(json.dumps([points, run["params"], files, run.experiment]))
"""


def read_run() -> Any:
    """Return the only run's metrics, parameters, files and experiment, read by another process.

    Aim's server indexes what processes have written; here a process does.
    """
    command = [sys.executable, "-W", "ignore", "-c", READER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def test_a_run_is_read_back(train: Callable[..., Any], data: Any) -> None:
    model, history = train(NAME)
    points, params, files, experiment = read_run()
    for name, values in history.items():
        assert points[name] == [[step, one] for step, one in enumerate(values)]
    assert [step for step, _ in points["batch/loss"]] == [*range(1, 16)]
    assert (params["loss"], params["loss.delta"], params["fold"]) == ("kplug/huber", 2.0, 3)
    assert experiment == "dice"
    assert files.keys() == {"components.json", "kplug.lock", "signature.json", "model.keras"}
    table = json.loads(Path(files["components.json"]).read_text())
    assert [row["slot"] for row in table] == [row.slot for row in model.components]
    assert Path(files["kplug.lock"]).read_text().startswith("# What supplies")
    loaded = kplug.load_model(files["model.keras"])
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


def test_a_resumed_training_continues_the_run(train_with_power_cut: Callable[..., Any]) -> None:
    train_with_power_cut(NAME)
    points, *_ = read_run()
    assert [step for step, _ in points["loss"]] == [0, 1, 2]
    assert [step for step, _ in points["batch/loss"]] == [*range(1, 16)]


def test_a_disk_that_is_full_costs_a_warning(train: Callable[..., Any], full_disk: Any) -> None:
    with pytest.warns(KplugWarning, match="Aim: the run '.*' is logged no further") as caught:
        _, history = train(full_disk, NAME)
    assert len([one for one in caught if issubclass(one.category, KplugWarning)]) == 1
    assert len(history["loss"]) == 3
