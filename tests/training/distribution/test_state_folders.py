"""States of which each process saved a part, loaded by other numbers of processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.training.distribution.forks import run_forked
from tests.training.distribution.test_ddp import assert_equal, read

pytestmark = pytest.mark.slow  # four starts of processes that import torch

SAVED = {
    "fsdp_saved_parts": ["fsdp_loaded_parts", "fsdp_loaded_in_one"],
    "saved_parts": ["loaded_parts"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results: parts saved by two processes and loaded by three and one, or the reverse."""
    folder = tmp_path_factory.mktemp("parts")
    for cases, processes in (
        ("fsdp_saved_parts,full_parts", 2),
        ("fsdp_loaded_parts", 3),
        ("fsdp_loaded_in_one,saved_parts", 1),
        ("loaded_parts", 2),
    ):
        done = run_forked(folder, cases, processes)
        assert not done.returncode, done.stderr
        assert "Warning" not in done.stderr
    return folder


@pytest.mark.parametrize("saved", SAVED)
def test_any_number_of_processes_goes_on_from_parts(folder: Path, saved: str) -> None:
    expected = read(folder, saved)
    for loaded in SAVED[saved]:
        found = read(folder, loaded)
        for name in ("before", "moments"):
            assert found[name] == expected[name], loaded
        assert_equal(expected["after"], found["after"], loaded)


def test_each_process_writes_its_rows(folder: Path) -> None:
    parts = sorted((folder / "parts_fsdp").glob("shards-*/*"))
    rows = [load_file(part)["weights/layers/dense/0"].shape for part in parts]
    assert rows == [(3, 7), (3, 7)]
    assert len(list((folder / "parts_None").glob("shards-*/*"))) == 1


def test_a_full_disk_of_one_process_fails_in_all_and_leaves_the_state_before(folder: Path) -> None:
    found = [read(folder, "full_parts", rank) for rank in (0, 1)]
    assert found[0] == found[1]
    assert "cannot be written: " in found[0]["error"]
    assert "in process 1: " in found[0]["error"]
    assert found[0]["epoch"] == 1
    assert len(list((folder / "full").glob("*/shards-*"))) == 1
