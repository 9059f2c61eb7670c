"""The one rule for what comes from outside: a result or one typed error, in bounded time and memory."""

from __future__ import annotations

import functools
import os
import resource
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from kplug.errors import KplugError

# Far above what any input needs, and below what a loop or a power that is worked out would take.
MOST_SECONDS = 5.0
MOST_BYTES = 64 * 2**20
LONGEST_MESSAGE = 8000

# Each property is tested with few examples, and with many where the slow tests run.
examples = pytest.mark.parametrize("examples", [100, pytest.param(400, marks=pytest.mark.slow)])

_ACTS = ("os.", "shutil.", "socket.", "subprocess.", "pickle.", "ctypes.", "webbrowser.", "urllib.")
_HARMLESS = frozenset({"os.listdir", "os.scandir", "os.walk", "os.fwalk"})
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_seen: list[str] | None = None  # what is noted now; None while nobody asks


class _Case:
    """An input, for hypothesis to print: it may be too deep, or too long, to be printed."""

    def __init__(self, given: Any) -> None:
        self.input = given

    def __repr__(self) -> str:
        try:
            return f"{self.input!r:.2000}"
        except (ValueError, RecursionError) as error:
            return f"an input that cannot be printed: {error}"


def drive(check: Callable[[Any], None], inputs: SearchStrategy[Any], examples: int) -> None:
    """Check a property of a number of inputs."""
    unhurried = settings(
        max_examples=examples,
        derandomize=True,  # a run fails for what has changed since the one before
        phases=[Phase.generate],  # what fails is short enough; to shrink it would take minutes
        suppress_health_check=list(HealthCheck),
    )
    unhurried(given(inputs.map(_Case))(lambda case: check(case.input)))()


def outcome_of(call: Callable[[], Any], typed: type[KplugError] = KplugError) -> Any:
    """Return what a call returns, or the typed error that it raises; fail if it does anything else."""
    started, peak = time.thread_time(), _peak_of_process()
    tracemalloc.start()
    try:
        with _acts() as acts:
            outcome = _call(call, typed)
        traced = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert acts == [], acts
    assert time.thread_time() - started < MOST_SECONDS
    assert max(traced, _peak_of_process() - peak) < MOST_BYTES
    if isinstance(outcome, KplugError):
        assert len(str(outcome)) <= LONGEST_MESSAGE
    return outcome


def _call(call: Callable[[], Any], typed: type[KplugError]) -> Any:
    try:
        return call()
    except typed as error:
        return error


@contextmanager
def _acts() -> Iterator[list[str]]:
    """Note everything that reaches outside the process: commands, connections, files that are written."""
    global _seen
    _hook()
    acts: list[str] = []
    _seen = acts
    try:
        yield acts
    finally:
        _seen = None


@functools.cache
def _hook() -> None:
    sys.addaudithook(_note)  # it stays for ever


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is None or "__pycache__" in str(arguments[0] if arguments else ""):
        return  # Python keeps the code of a module that is imported for the first time
    if event == "open":
        is_by_path = not isinstance(arguments[0], int)  # a descriptor was opened by its path before
        if is_by_path and arguments[2] & _FOR_WRITING:
            _seen.append(f"open {arguments[0]!r} for writing")
    elif event.startswith(_ACTS) and event not in _HARMLESS:
        _seen.append(f"{event} {arguments!r}")


def _peak_of_process() -> int:
    """Return the most memory that the process ever had: what torch allocates is not traced."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
