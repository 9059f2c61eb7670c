"""The processes that train together, and what is said when one of them has gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Thread
from typing import ClassVar

import numpy as np
import pytest

from kplug.errors import WorkerLostError
from kplug.training.distribution.world import (
    DelayedAgreement,
    World,
    cut_evenly,
    find_world,
    reporting_lost_workers,
)


@pytest.mark.parametrize(("count", "size"), [(10, 3), (5, 2), (6, 3), (2, 4), (0, 2)])
def test_parts_are_those_of_numpy(count: int, size: int) -> None:
    parts = [list(range(*cut_evenly(count, size, rank))) for rank in range(size)]
    assert parts == [part.tolist() for part in np.array_split(np.arange(count), size)]


def test_a_process_without_torchrun_trains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    assert find_world() is None
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert find_world() is None


def test_a_closed_connection_means_that_a_process_has_gone() -> None:
    cause = RuntimeError("[gloo] Connection closed by peer [127.0.0.1]:1234")
    message = "process 1 of 2: another process of this run has ended"
    with (
        pytest.raises(WorkerLostError, match=message) as caught,
        reporting_lost_workers(World(1, 2)),
    ):
        raise cause
    assert caught.value.__cause__ is cause
    assert "Start the script again with torchrun" in str(caught.value)


@pytest.mark.parametrize(
    ("world", "message"), [(World(0, 2), "out of memory"), (None, "Connection closed by peer")]
)
def test_other_errors_stay_what_they_are(world: World | None, message: str) -> None:
    with pytest.raises(RuntimeError, match=message) as caught, reporting_lost_workers(world):
        raise RuntimeError(message)
    assert type(caught.value) is RuntimeError


def test_a_termination_is_a_lost_worker_only_inside_the_block() -> None:
    earlier = signal.getsignal(signal.SIGTERM)
    with (
        pytest.raises(WorkerLostError, match="process 0 of 3"),
        reporting_lost_workers(World(0, 3)),
    ):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is earlier


def test_another_thread_leaves_the_handling_of_signals_alone() -> None:
    seen: list[object] = []

    def train() -> None:
        with reporting_lost_workers(World(0, 2)):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = Thread(target=train)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


class PairedWorld(World):
    """This process, and another one whose numbers are known."""

    others: ClassVar[list[int]] = []

    def start_minimum(self, number: int) -> Callable[[], int]:
        other = self.others.pop(0)
        return lambda: min(number, other)


def test_a_flag_is_known_to_all_one_call_later() -> None:
    alone = DelayedAgreement(None)
    assert [alone(flag) for flag in (False, True, False)] == [False, True, False]
    assert not alone.finish()
    for own, others in [(True, [1, 1, 1]), (False, [0, 1, 1])]:
        PairedWorld.others = others
        agreement = DelayedAgreement(PairedWorld(0, 2))
        assert [agreement(flag) for flag in (own, False, False)] == [False, True, False]
        assert not agreement.finish()


def test_a_deferred_termination_is_left_to_others() -> None:
    earlier = signal.getsignal(signal.SIGTERM)
    with reporting_lost_workers(World(0, 2), is_termination_deferred=True):
        assert signal.getsignal(signal.SIGTERM) is earlier
