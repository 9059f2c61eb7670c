"""ClearML's callback, with ClearML offline: the files that it would send are read back."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug.callbacks import Callback
from kplug.errors import KplugWarning

clearml = pytest.importorskip("clearml")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

NAME = "clearml('dice', offline=True, update_freq=1, params={'fold': 3})"


@pytest.fixture(autouse=True)
def _in_own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARML_CACHE_DIR", str(tmp_path))


def read_tasks() -> list[tuple[dict[str, Any], list[dict[str, Any]], Path]]:
    """Return the facts, the events and the folder of each task, in the order in which they ended."""
    found = []
    for path in sorted(Path("offline").glob("*.zip"), key=lambda path: path.stat().st_mtime):
        folder = Path("read", path.stem)
        with zipfile.ZipFile(path) as file:
            file.extractall(folder)
        lines = (folder / "metrics.jsonl").read_text().splitlines()
        events = [event for line in lines for event in json.loads(line)]
        found.append((json.loads((folder / "task.json").read_text()), events, folder))
    return found


def list_points(events: list[dict[str, Any]], name: str) -> list[tuple[int, float]]:
    return [(one["iter"], one["value"]) for one in events if one["variant"] == name]


def test_a_run_is_read_back(train: Callable[..., Any], data: Any) -> None:
    model, history = train(NAME)
    ((task, events, folder),) = read_tasks()
    assert task["project_name"] == "dice"
    for name, values in history.items():
        assert list_points(events, name) == [*enumerate(values)]
    assert {one["metric"] for one in events if one["variant"] == "val_loss"} == {"loss"}
    assert [step for step, _ in list_points(events, "batch/loss")] == [*range(1, 16)]
    params = {name: one["value"] for name, one in task["hyperparams"]["kplug"].items()}
    assert (params["loss"], params["loss.delta"], params["fold"]) == ("kplug/huber", "2.0", "3")
    (table,) = [json.loads(one["plot_str"]) for one in events if one["type"] == "plot"]
    slots = table["data"][0]["cells"]["values"][0]
    assert slots == [row.slot for row in model.components]

    artifacts = {one["key"]: one for one in task["execution"]["artifacts"]}
    assert artifacts.keys() == {"kplug.lock", "model.keras"}
    signature = dict(artifacts["model.keras"]["display_data"])
    outputs = [{"name": "score", "shape": [None, 1], "dtype": "float32"}]
    assert json.loads(signature["outputs"]) == outputs
    (lock,), (file,) = (
        folder.rglob("kplug.lock/kplug.lock"),
        folder.rglob("model.keras/model.keras"),
    )
    assert lock.read_text().startswith("# What supplies")
    loaded = kplug.load_model(file)
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


def test_a_resumed_training_continues_the_task(train_with_power_cut: Callable[..., Any]) -> None:
    train_with_power_cut(NAME)
    ((task, events, _),) = read_tasks()
    assert [step for step, _ in list_points(events, "loss")] == [0, 1, 2]
    assert [step for step, _ in list_points(events, "batch/loss")] == [*range(1, 16)]
    assert {one["key"] for one in task["execution"]["artifacts"]} == {"kplug.lock", "model.keras"}
    assert task["hyperparams"]["kplug"]["fold"]["value"] == "3"


def test_a_task_of_the_program_is_left_alone(train: Callable[..., Any]) -> None:
    mine = clearml.Task.init("mine", "own", reuse_last_task_id=False)
    with pytest.warns(KplugWarning, match=f"the program has the task {mine.id} of its own"):
        train(NAME)
    assert clearml.Task.current_task() is mine
    mine.close()


def test_a_process_in_which_clearml_logs_nothing_costs_a_warning(
    train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("CLEARML_PROC_MASTER_ID", "TRAINS_PROC_MASTER_ID"):
        monkeypatch.setenv(variable, "1:")
    with pytest.warns(KplugWarning, match="in a process that one with a task has started"):
        train(NAME)


class Draws(Callback):
    """Notes what a generator draws after loggers have begun their runs."""

    call_rank = 2

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.drawn = random.random()


def test_clearml_seeds_nothing(train: Callable[..., Any]) -> None:
    train(expected := Draws())
    train(NAME, found := Draws())
    assert found.drawn == expected.drawn
    assert clearml.Task.get_random_seed(clearml.Task) == 1337  # the program's own tasks still do
