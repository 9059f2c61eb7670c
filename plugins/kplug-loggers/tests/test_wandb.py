"""W&B's callback, with W&B offline: what it would send is read from its file."""

from __future__ import annotations

import importlib
import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

wandb = pytest.importorskip("wandb")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def name(tmp_path: Path) -> str:
    """Return the callback; W&B keeps the first working directory as its default."""
    return f"wandb(project='dice', mode='offline', dir='{tmp_path}', update_freq=1, params={{'fold': 3}})"


def read_records(folder: Path) -> list[Any]:
    """Return what W&B has written to send; its process may still write when `finish` has returned."""
    end, found = time.monotonic() + 300, parse_records(folder)
    while not any(one.HasField("exit") for one in found):
        assert time.monotonic() < end
        time.sleep(0.1)
        found = parse_records(folder)
    return found


def parse_records(folder: Path) -> list[Any]:
    """Return the records of a file in LevelDB's log format, behind a header of 7 bytes."""
    messages: Any = importlib.import_module("wandb.proto.wandb_internal_pb2")
    (file,) = folder.glob("*.wandb")
    data, place, block = file.read_bytes(), 7, 1 << 15
    found, waiting = [], b""
    while place + 7 <= len(data):
        if block - place % block < 7:  # the rest of a block, which has no room for a header
            place += block - place % block
            continue
        size, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        waiting += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # a whole record, or its last part
            record = messages.Record()
            record.ParseFromString(waiting)
            found.append(record)
            waiting = b""
    return found


def list_history(records: list[Any]) -> list[dict[str, Any]]:
    rows = [one.history.item for one in records if one.HasField("history")]
    return [
        {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in row}
        for row in rows
    ]


def find_folders() -> list[Path]:
    return sorted(Path("wandb").glob("offline-run-*"))


def test_a_run_is_read_back(train: Callable[..., Any], name: str) -> None:
    model, history = train(name)
    (folder,) = find_folders()
    records = read_records(folder)
    rows = list_history(records)
    for log, values in history.items():
        points = [(row["epoch"], row[log]) for row in rows if log in row]
        assert points == [(epoch, pytest.approx(value)) for epoch, value in enumerate(values)]
    assert [row["batch/step"] for row in rows if "batch/loss" in row] == [*range(1, 16)]

    updates = [item for one in records if one.HasField("config") for item in one.config.update]
    config = {item.key: json.loads(item.value_json) for item in updates}
    assert (config["loss"], config["loss.delta"], config["fold"]) == ("kplug/huber", 2.0, 3)

    (table,) = [row["components/path"] for row in rows if "components/path" in row]
    content = json.loads((folder / "files" / table).read_text())
    assert [row[0] for row in content["data"]] == [row.slot for row in model.components]

    artifacts = {one.artifact.type: one.artifact for one in records if one.HasField("artifact")}
    assert {"lock", "model"} <= artifacts.keys()
    (entry,) = artifacts["model"].manifest.contents
    assert entry.path == "model.keras"
    signature = json.loads(artifacts["model"].metadata)
    assert signature["outputs"] == [{"name": "score", "shape": [None, 1], "dtype": "float32"}]


def test_a_resumed_training_has_the_same_id(
    train_with_power_cut: Callable[..., Any], name: str
) -> None:
    train_with_power_cut(name)
    first, second = find_folders()
    codes = [
        [one.exit.exit_code for one in read_records(each) if one.HasField("exit")]
        for each in (first, second)
    ]
    assert codes == [[1], [0]]
    assert first.name.split("-")[3] == second.name.split("-")[3]
    rows = list_history(read_records(second))
    assert [row["epoch"] for row in rows if "loss" in row] == [2]
    assert [row["batch/step"] for row in rows if "batch/loss" in row] == [13, 14, 15]


def test_a_run_of_the_program_is_left_alone(
    train: Callable[..., Any], name: str, tmp_path: Path
) -> None:
    with wandb.init(project="other", mode="offline", dir=tmp_path) as mine:
        train(name)
        mine.log({"after": 1.0})
    assert len(find_folders()) == 2
