"""Signals that wait for the end of a step."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from kplug.callbacks.base.deferred_signals import DeferredSignals

BOTH = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Note the signals that reach the program's own handlers."""
    found: list[int] = []
    earlier = {number: signal.signal(number, lambda got, _: found.append(got)) for number in BOTH}
    yield found
    for number, handler in earlier.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", BOTH)
def test_a_signal_reaches_the_earlier_handler_when_it_is_delivered(
    heard: list[int], number: signal.Signals
) -> None:
    signals = DeferredSignals()
    with signals.deferred():
        signal.raise_signal(number)
        assert (heard, signals.name) == ([], number.name)
        signals.deliver()
        assert (heard, signals.name) == ([number], None)
        signal.raise_signal(number)  # the program goes on, and hears for itself
        assert heard == [number, number]


@pytest.mark.parametrize("error", [None, ValueError])
def test_handlers_are_restored_and_a_signal_still_waits(
    heard: list[int], error: type[Exception] | None
) -> None:
    earlier = [signal.getsignal(number) for number in BOTH]
    signals = DeferredSignals()
    try:
        with signals.deferred():
            signal.raise_signal(signal.SIGTERM)
            if error is not None:
                raise error
    except ValueError:
        pass
    assert [signal.getsignal(number) for number in BOTH] == earlier
    assert (heard, signals.name) == ([], "SIGTERM")
    signals.deliver()
    signals.deliver()  # once
    assert heard == [signal.SIGTERM]


def test_the_second_interrupt_does_not_wait(heard: list[int]) -> None:
    with DeferredSignals().deferred():
        for number in (signal.SIGTERM, signal.SIGTERM):  # a scheduler's, and torchrun's
            signal.raise_signal(number)
        assert heard == []
        signal.raise_signal(signal.SIGINT)
        assert heard == [signal.SIGINT]


@pytest.mark.usefixtures("heard")
def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signals = DeferredSignals()
    with signals.deferred():
        signal.raise_signal(signal.SIGTERM)
        assert signals.name is None
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_another_thread_changes_no_handler() -> None:
    seen: list[Any] = []

    def work() -> None:
        with DeferredSignals().deferred():
            seen.extend(signal.getsignal(number) for number in BOTH)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(number) for number in BOTH]


@pytest.mark.skipif(sys.platform != "linux", reason="SIGCHLD")
def test_the_end_of_other_processes_waits_with_the_signal(heard: list[int]) -> None:
    earlier = signal.signal(signal.SIGCHLD, lambda number, _: heard.append(number))
    try:
        signals = DeferredSignals()
        with signals.deferred():
            signal.raise_signal(signal.SIGCHLD)
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGCHLD)
            assert heard == [signal.SIGCHLD]
            signals.deliver()
        signal.raise_signal(signal.SIGCHLD)
        assert heard == [signal.SIGCHLD, signal.SIGTERM, signal.SIGCHLD]
    finally:
        signal.signal(signal.SIGCHLD, earlier)


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_ends_at_once_but_leaves_interrupts_to_its_parent() -> None:
    with DeferredSignals().deferred():
        child = os.fork()
        if not child:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
