"""The same script alone and in two processes: the same numbers, one voice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.distribution.forks import run_forked

pytestmark = pytest.mark.slow  # three processes, each of which imports torch

SCRIPT = Path(__file__).with_name("worker.py")
CASES = [
    "adam",
    "clipped",
    "accumulated",
    "closing",
    "twice",
    "loader",
    "generator",
    "validated",
    "constraint",
    "summed",
    "scaled",
    "by_batch",
    "taken_up",
    "shared",
    "partly",
    "aside",
    "one_of_two",
]
SHARDED = [
    "adam",
    "averaged",
    "twice",
    "constraint",
    "summed",
    "scaled",
    "by_batch",
    "taken_up",
    "shared",
    "aside",
]
OTHERS = [
    "normalized",
    "fsdp_normalized",
    "dropout",
    "little",
    "best",
    "unsaved",
    "sparse",
    "refused",
    *(WITHIN := ["within_arrays", "within_generator", "within_loader", "fsdp_within_arrays"]),
]


def run(
    folder: Path, cases: str, processes: int, script: Path = SCRIPT
) -> subprocess.CompletedProcess[str]:
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [
        sys.executable,
        *(launcher if processes > 1 else []),
        str(script),
        cases,
        str(folder),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    # Less than the 15 minutes for which processes wait for each other.
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    done = run_forked(folder, ",".join([*CASES, "averaged", "resumed"]), 1)
    assert not done.returncode, done.stderr
    return folder


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("together")
    sharded = [f"fsdp_{case}" for case in SHARDED]
    done = run(folder, ",".join([*CASES, *sharded, *OTHERS]), 2)
    assert not done.returncode, done.stderr
    return folder, done.stdout


def read(folder: Path, name: str, rank: int = 0) -> Any:
    return json.loads((folder / f"{name}{rank}.json").read_text())


def assert_equal(one: Any, other: Any, where: str) -> None:
    if isinstance(one, dict):
        assert list(one) == list(other), where
        for name in one:
            assert_equal(one[name], other[name], f"{where}.{name}")
    elif one and isinstance(one[0] if isinstance(one, list) else one, list):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_equal(left, right, f"{where}[{place}]")
    else:
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6, err_msg=where)


@pytest.mark.parametrize("case", CASES)
def test_two_processes_give_the_numbers_of_one(
    alone: Path, together: tuple[Path, str], case: str
) -> None:
    assert_equal(read(alone, case), read(together[0], case), case)


@pytest.mark.parametrize("case", SHARDED)
def test_weights_in_parts_give_the_numbers_of_whole_ones(
    alone: Path, together: tuple[Path, str], case: str
) -> None:
    assert_equal(read(alone, case), read(together[0], f"fsdp_{case}"), case)


def test_optimizers_that_look_at_whole_weights_are_refused_on_parts(
    together: tuple[Path, str],
) -> None:
    start = "distribution='fsdp' gives each process a part of every weight, and "
    hint = (
        "\n  Use one that updates each number by itself, such as 'adam' or 'sgd', with clipvalue; or "
        "leave distribution out, so that every process holds all weights."
    )
    assert read(together[0], "refused")["errors"] == [
        f"{start}Lamb cannot be used on parts: its rule looks at whole weights{hint}",
        f"{start}Adam cannot be used on parts: it clips by the norm of whole gradients{hint}",
        f"{start}Adafactor cannot be used on parts: its rule looks at whole weights{hint}",
        f"{start}LossScaleOptimizer cannot be used on parts: it scales the loss by what it finds in all "
        f"gradients{hint}",
    ]


def test_sparse_gradients_are_refused(together: tuple[Path, str]) -> None:
    message = (
        "layer 'table' has sparse gradients, which several processes cannot exchange\n"
        "  Leave sparse=True out where torchrun starts the training."
    )
    assert read(together[0], "sparse")["errors"] == [message, message]


@pytest.mark.parametrize("case", ["normalized", "fsdp_normalized"])
def test_models_of_all_processes_are_the_same(together: tuple[Path, str], case: str) -> None:
    one, other = (read(together[0], case, rank) for rank in (0, 1))
    assert one == other


def test_processes_that_see_other_logs_save_together(together: tuple[Path, str]) -> None:
    assert read(together[0], "best")["is_saved"]


def test_failure_of_the_main_process_is_told_to_all(together: tuple[Path, str]) -> None:
    main, other = (read(together[0], "unsaved", rank)["error"] for rank in (0, 1))
    assert main.startswith("WeightsError: ")
    assert "missing" in main
    assert other.startswith("KplugError: the main process failed: WeightsError: ")


def test_one_process_shows_progress(together: tuple[Path, str]) -> None:
    lines = [line for line in together[1].splitlines() if line.startswith("Epoch 1/3")]
    assert len(lines) == 7  # one for each case that is not silent


def test_dropout_differs_between_processes(together: tuple[Path, str]) -> None:
    drawn = [read(together[0], "dropout", rank)["zeros"] for rank in (0, 1)]
    assert len(drawn[0]) == len(drawn[1]) == 20
    assert drawn[0] != drawn[1]


def test_batch_that_cannot_be_shared(together: tuple[Path, str]) -> None:
    assert read(together[0], "little")["error"] == (
        "a batch of 1 cannot be shared by 2 processes\n"
        "  batch_size counts the samples of all processes together; raise it, or start fewer processes."
    )


@pytest.mark.parametrize("case", WITHIN)
def test_an_interrupted_epoch_goes_on_in_all_processes(
    together: tuple[Path, str], case: str
) -> None:
    found = read(together[0], case)
    check_continuation(found["whole"], found["resumed"])


def check_continuation(whole: dict[str, Any], resumed: dict[str, Any]) -> None:
    """Require the same numbers, to the bit, from the third epoch on."""
    assert resumed["epochs"] == [2, 3]
    assert resumed["history"] == {name: log[2:] for name, log in whole["history"].items()}
    assert resumed["weights"] == whole["weights"]


@pytest.mark.parametrize(
    ("case", "when", "steps"),
    [
        ("told_to_end", "after step 3 of", 3),
        ("told_in_validation", "before the validation of", 5),
    ],
)
def test_a_signal_to_one_process_saves_and_ends_all(
    tmp_path: Path, case: str, when: str, steps: int
) -> None:
    told = run_forked(tmp_path, case, 2)
    assert told.returncode
    path = tmp_path / "backup" / "training.state"
    note = f"a signal to another process; the state {when} epoch 3 is in"
    assert f"BackupAndRestore: {note} {str(path)!r}" in told.stdout
    refused = run_forked(tmp_path, "gone_on", 1)
    assert (
        f"WeightsError: {path}: the state was saved after step {steps} of epoch 3 by 2 processes, each with "
        "random numbers and sums of its own, and 1 trains now\n  Start as many: torchrun --nproc-per-node 2."
    ) in refused.stderr
    done = run_forked(tmp_path, "gone_on,undisturbed", 2)
    assert not done.returncode, done.stderr
    check_continuation(read(tmp_path, "undisturbed"), read(tmp_path, "gone_on"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_group_is_left_before_python_ends(tmp_path: Path) -> None:
    done = run_forked(tmp_path, "left", 2)
    assert not done.returncode, done.stderr
    for rank in (0, 1):
        assert read(tmp_path, "at_exit", rank) == {"is_joined": False, "threads": []}


def test_error_that_nobody_catches_ends_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, "failed", 2)
    assert done.returncode
    assert "ValueError: what a callback raises" in done.stderr


def test_killed_process_ends_the_run_with_a_message(tmp_path: Path) -> None:
    done = run(tmp_path, "killed", 2)
    assert done.returncode
    assert "WorkerLostError: process 0 of 2: another process of this run has ended" in done.stderr
    assert "Start the script again with torchrun: with callbacks=" in done.stderr


@pytest.mark.parametrize("case", ["interrupted", "fsdp_interrupted"])
def test_run_resumes_after_a_kill_with_any_number_of_processes(
    alone: Path, tmp_path: Path, case: str
) -> None:
    assert run_forked(tmp_path, case, 2).returncode
    other = Path(shutil.copytree(tmp_path, tmp_path / "other"))
    for processes, folder in ((1, tmp_path), (2, other)):
        done = run_forked(folder, "resumed", processes)
        assert not done.returncode, done.stderr
        assert_equal(read(alone, "resumed"), read(folder, "resumed"), f"{case} {processes}")
