"""Work that is done once for several processes; with several, tests/training/distribution."""

from __future__ import annotations

import pytest

from kplug.backend.processes import copy_from_main, count_processes, find_rank, run_on_main


def test_one_process_is_the_main_one() -> None:
    assert (count_processes(), find_rank()) == (1, 0)
    assert copy_from_main("value") == "value"


def test_error_of_the_main_process_is_raised_there() -> None:
    def fail() -> None:
        raise ValueError("full disk")

    with pytest.raises(ValueError, match="full disk"):
        run_on_main(fail)


def test_work_is_done_once() -> None:
    done: list[int] = []
    run_on_main(lambda: done.append(1))
    assert done == [1]


def test_process_that_does_not_know_the_others_yet_leaves_work_to_the_main_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "RANK": "1", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    done: list[int] = []
    run_on_main(lambda: done.append(1))
    assert (count_processes(), find_rank(), done) == (2, 1, [])
