"""DVCLive's callback, with DVCLive: its files are read back."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import kplug
from kplug.errors import KplugWarning

pytest.importorskip("dvclive")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

NAME = "dvclive(save_dvc_exp=False, update_freq=1, params={'fold': 3})"


def list_points(name: str) -> list[tuple[int, float]]:
    with Path("dvclive/plots/metrics", f"{name}.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [(int(row["step"]), float(row[name.rpartition("/")[2]])) for row in rows]


def test_a_run_is_read_back(train: Callable[..., Any], data: Any) -> None:
    model, history = train(NAME)
    for name, values in history.items():
        assert list_points(name) == [*enumerate(values)]
    assert [step for step, _ in list_points("batch/loss")] == [*range(1, 16)]
    assert json.loads(Path("dvclive/metrics.json").read_text())["loss"] == history["loss"][-1]
    params = yaml.safe_load(Path("dvclive/params.yaml").read_text())
    assert (params["loss"], params["loss.delta"], params["fold"]) == ("kplug/huber", 2.0, 3)

    folder = Path("dvclive/artifacts")
    table = json.loads((folder / "components.json").read_text())
    assert [row["slot"] for row in table] == [row.slot for row in model.components]
    assert (folder / "kplug.lock").read_text().startswith("# What supplies")
    signature = json.loads((folder / "signature.json").read_text())
    assert signature["outputs"] == [{"name": "score", "shape": [None, 1], "dtype": "float32"}]
    loaded = kplug.load_model(folder / "model.keras")
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


def test_a_repository_of_dvc_is_told_of_the_model(train: Callable[..., Any]) -> None:
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], check=True)
    train(NAME)
    described = yaml.safe_load(Path("dvc.yaml").read_text())["artifacts"]["model"]
    assert described == {"path": "dvclive/artifacts/model.keras", "type": "model"}
    assert Path("dvclive/artifacts/model.keras.dvc").is_file()


def test_a_resumed_training_continues_the_files(train_with_power_cut: Callable[..., Any]) -> None:
    train_with_power_cut(NAME)
    assert [step for step, _ in list_points("loss")] == [0, 1, 2]
    assert [step for step, _ in list_points("batch/loss")] == [*range(1, 16)]


def test_a_disk_that_is_full_costs_a_warning(train: Callable[..., Any], full_disk: Any) -> None:
    with pytest.warns(KplugWarning, match="DVCLive: the run 'dvclive' is logged no fu") as caught:
        _, history = train(full_disk, NAME)
    assert len([one for one in caught if issubclass(one.category, KplugWarning)]) == 1
    assert len(history["loss"]) == 3
