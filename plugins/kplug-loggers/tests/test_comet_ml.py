"""Comet's callback, with Comet offline: the file that it would send is read back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("comet_ml")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


NAME = "comet_ml(online=False, offline_directory='.', update_freq=1, params={'fold': 3})"


def read_files() -> list[tuple[dict[str, Any], list[dict[str, Any]], dict[str, bytes]]]:
    """Return the facts, the messages and the assets of each file, in the order of their runs."""
    found = []
    for path in Path().glob("*.zip"):
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


def test_a_run_is_read_back(train: Callable[..., Any]) -> None:
    model, history = train(NAME)
    ((_, messages, assets),) = read_files()
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


def test_a_resumed_training_has_the_same_key(train_with_power_cut: Callable[..., Any]) -> None:
    train_with_power_cut(NAME)
    first, second = read_files()
    assert first[0]["offline_id"] == second[0]["offline_id"]
    assert [each[0]["resume_strategy"] for each in (first, second)] == ["create", "get"]
    assert [step for step, _ in list_points(second[1], "loss")] == [2]
    assert [step for step, _ in list_points(second[1], "batch/loss")] == [13, 14, 15]
