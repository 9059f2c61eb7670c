"""Comet's callback, with Comet offline: the file that it would send is read back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_loggers import Comet

pytest.importorskip("comet_ml")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"comet_ml(online=False, offline_directory='{tmp_path}', update_freq=1, params={{'fold': 3}})"


def read_files(folder: Path) -> list[tuple[dict[str, Any], list[dict[str, Any]], dict[str, bytes]]]:
    """Return the facts, the messages and the assets of each file, in the order of their runs."""
    found = []
    for path in folder.glob("*.zip"):
        with zipfile.ZipFile(path) as file:
            facts = json.loads(file.read("experiment.json"))
            lines = file.read("messages.json").decode().splitlines()
            messages = [json.loads(line) for line in lines]
            assets = {
                one["payload"]["additional_params"]["fileName"]: file.read(
                    one["payload"]["file_path"]
                )
                for one in messages
                if one["type"] == "file_upload"
            }
            found.append((facts, messages, assets))
    return sorted(found, key=lambda one: one[0]["start_time"])


def list_points(messages: list[dict[str, Any]], name: str) -> list[tuple[int, float]]:
    metrics = [one["payload"]["metric"] for one in messages if one["type"] == "metric_msg"]
    return [(one["step"], one["metricValue"]) for one in metrics if one["metricName"] == name]


def test_a_run_is_read_back(train: Callable[..., Any], name: str, tmp_path: Path) -> None:
    model, history = train(name)
    ((_, messages, assets),) = read_files(tmp_path)
    for log, values in history.items():
        assert list_points(messages, log) == [*enumerate(values)]
    assert [step for step, _ in list_points(messages, "batch/loss")] == [*range(1, 16)]
    given = [one["payload"]["param"] for one in messages if one["type"] == "parameter_msg"]
    params = {one["paramName"]: one["paramValue"] for one in given}
    assert (params["loss"], params["loss.delta"], params["fold"]) == ("kplug/huber", 2.0, 3)
    header, *rows = assets["components.csv"].decode().splitlines()
    assert header.startswith("slot,")
    assert [row.partition(",")[0] for row in rows] == [row.slot for row in model.components]
    assert assets["kplug.lock"].startswith(b"# What supplies")
    assert assets["model.keras"].startswith(b"PK")


def test_a_resumed_training_has_the_same_key(
    train_with_power_cut: Callable[..., Any], name: str, tmp_path: Path
) -> None:
    train_with_power_cut(name)
    first, second = read_files(tmp_path)
    assert first[0]["offline_id"] == second[0]["offline_id"]
    assert [each[0]["resume_strategy"] for each in (first, second)] == ["create", "get"]
    assert [step for step, _ in list_points(second[1], "loss")] == [2]
    assert [step for step, _ in list_points(second[1], "batch/loss")] == [13, 14, 15]


PROGRAM = """
import numpy as np
import kplug

model = kplug.Sequential([kplug.layers.Dense(1, input_dim=3)])
model.compile("sgd", "mse")
logger = "comet_ml(online=True, timeout=5)"
history = model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=3, callbacks=[logger], verbose=0)
print(len(history.epoch))
"""


def test_a_server_that_is_gone_costs_a_warning(name: str) -> None:
    server = {"COMET_URL_OVERRIDE": "http://127.0.0.1:9/clientlib/", "COMET_API_KEY": "0" * 25}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **server},
        capture_output=True,
        text=True,
        timeout=80,
    )
    assert done.stdout == "3\n"
    assert done.stderr.count("KplugWarning: Comet: the run is logged no further") == 1


@pytest.mark.parametrize(
    "case",
    [one for one in contract_cases("kplug-loggers") if one.component.name == "comet_ml"],
    ids=str,
)
def test_contract(case: ContractCase, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each check trains several times; experiments of Comet would take minutes.
    monkeypatch.setattr(Comet, "start", lambda logger, run_id: MagicMock(run_id="1"))
    check_contract(case)
