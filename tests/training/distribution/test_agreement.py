"""Processes that were given different things are told so: they neither hang nor train apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.distribution.test_ddp import run

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("disagreeing.py")
# Each case with the differences that both processes are told of.
REFUSED: dict[str, list[str]] = {
    "samples": ["data.samples: 40 in process 0; 39 in process 1"],
    "batch_size": ["data.batch_size: 10 in process 0; 20 in process 1"],
    "epochs": ["epochs: 2 in process 0; 3 in process 1"],
    "steps": ["steps_per_epoch: None in process 0; 2 in process 1"],
    "shards": ["data.first_rows.x: float32 (20, 6) with checksum "],
    "loaders": ["first_batch.x: float32 (10, 6) with checksum "],
    "validation": ["validation data: none in process 0; an iterable of batches in process 1"],
    "optimizers": ["optimizer: SGD in process 0; Adam in process 1"],
    "torch_optimizers": ["optimizer.param_groups[0].lr: 0.1 in process 0; 0.2 in process 1"],
    "rates": ["optimizer.lr: 0.1 in process 0; 0.2 in process 1"],
    "iterations": ["optimizer.iterations: 4 in process 0; 5 in process 1"],
    "models": [
        "layers[0].units: 8 in process 0; 16 in process 1",
        "layers[0].weights: [[6, 8], [8]] in process 0; [[6, 16], [16]] in process 1",
    ],
    "activations": ["layers[0].activation: kplug/tanh in process 0; kplug/relu"],
    "losses": ["loss: kplug/mean_squared_error in process 0; kplug/huber in process 1"],
    "checkpoints": ["callbacks: ModelCheckpoint in process 0; none in process 1"],
    "methods": ["method: fit in process 0; evaluate in process 1"],
    "evaluations": ["data.samples: 40 in process 0; 30 in process 1"],
}
ENDED = ["ended", "ended_by_steps", "ended_evaluation"]
FAILED = ["failed", "failed_by_steps", "failed_evaluation"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disagreeing")
    done = run(folder, ",".join(["agreed", *REFUSED, *ENDED, *FAILED]), 2, SCRIPT)
    assert not done.returncode, done.stderr
    return folder


def read(folder: Path, case: str) -> list[dict[str, Any]]:
    return [json.loads((folder / f"{case}{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("case", REFUSED)
def test_processes_that_were_given_different_things_are_refused(folder: Path, case: str) -> None:
    for rank, found in enumerate(read(folder, case)):
        method = "evaluate" if case == "evaluations" or (case, rank) == ("methods", 1) else "fit"
        first, *lines, hint = found["error"].split("\n")
        assert first == f"{method}: 2 processes train together, and were not given the same:"
        for line in REFUSED[case]:
            assert any(each.strip().startswith(line) for each in lines), found["error"]
        assert hint.startswith("  Let every process run the same script with the same settings")


def test_processes_that_agree_train(folder: Path) -> None:
    one, other = read(folder, "agreed")
    assert one == other
    assert len(one["result"]["loss"]) == 2


@pytest.mark.parametrize(
    ("case", "stop"), [("ended", "0 steps"), ("ended_by_steps", "2 of 4 steps")]
)
def test_generator_that_ends_in_one_process_ends_the_epoch_in_all(
    folder: Path, case: str, stop: str
) -> None:
    one, other = (each["result"] for each in read(folder, case))
    assert (one["batches"], other["batches"]) == (6, 6)
    assert one["history"] == other["history"]
    early, end = one["warnings"]
    assert early == (
        "fit: the data of process 1 ended before those of the others, so this pass ends in all of them. "
        "Let each process give as many batches"
    )
    assert end.startswith(f"fit: the data ended in epoch 2, after {stop}, so training stops here.")
    assert other["warnings"] == [end]


def test_generator_that_ends_in_one_process_ends_an_evaluation_in_all(folder: Path) -> None:
    for found in (each["result"] for each in read(folder, "ended_evaluation")):
        assert found["found"] == pytest.approx(found["expected"], rel=1e-6)


@pytest.mark.parametrize("case", FAILED)
def test_generator_that_fails_in_one_process_stops_all_at_the_same_step(
    folder: Path, case: str
) -> None:
    one, other = (each["result"] for each in read(folder, case))
    assert (one["batches"], other["batches"]) == (2, 2)
    method = "evaluate" if case == "failed_evaluation" else "fit"
    assert one["raised"] == (
        f"DataError: {method}: the data of process 1 raised ValueError: the disk is gone\n"
        "  Its own output says where. All processes stop here."
    )
    assert other["raised"] == "ValueError: the disk is gone"


def test_process_that_dies_ends_an_evaluation(tmp_path: Path) -> None:
    done = run(tmp_path, "killed", 2, SCRIPT)
    assert done.returncode
    assert "WorkerLostError: process 0 of 2: another process of this run has ended" in done.stderr
