"""The thread that reads a generator."""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from kplug.errors import KplugWarning
from kplug.registry import user_warnings
from kplug.training.data import prefetch
from kplug.training.data.prefetch import AHEAD, Prefetcher


def find_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "kplug-prefetch"]


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    gc.collect()
    wait_for(lambda: not find_threads())


class Counter(Iterator[int]):
    """Counts, and knows how far it got."""

    def __init__(self) -> None:
        self.given = 0

    def __next__(self) -> int:
        self.given += 1
        return self.given


def test_the_order_is_kept_and_the_end_stays_the_end() -> None:
    elements = Prefetcher(iter(range(100)))
    assert list(elements) == list(range(100))
    assert list(elements) == []


def test_no_more_than_a_few_elements_wait() -> None:
    counter = Counter()
    elements = Prefetcher(counter)
    assert next(elements) == 1
    wait_for(lambda: counter.given == 1 + AHEAD + 1)  # those that wait, and one in the hand
    time.sleep(0.05)
    assert counter.given == 1 + AHEAD + 1
    elements.close()


def test_nothing_is_read_before_it_is_asked_for_and_nothing_past_the_limit() -> None:
    counter = Counter()
    elements = Prefetcher(counter, limit=5)
    assert counter.given == 0
    assert find_threads() == []
    assert list(elements) == [1, 2, 3, 4, 5]
    assert counter.given == 5


def failing() -> Iterator[int]:
    yield 1
    raise ValueError("the file is broken")


def test_an_error_comes_in_its_turn_with_its_traceback() -> None:
    elements = Prefetcher(failing())
    assert next(elements) == 1
    with pytest.raises(ValueError, match="the file is broken") as caught:
        next(elements)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "failing"
    assert list(elements) == []


def test_close_ends_a_thread_that_waits_for_room() -> None:
    elements = Prefetcher(Counter())
    next(elements)
    elements.close()
    wait_for(lambda: not find_threads())
    assert list(elements) == []
    elements.close()


def test_the_thread_ends_with_the_prefetcher() -> None:
    elements = Prefetcher(Counter())
    next(elements)
    del elements
    gc.collect()
    wait_for(lambda: not find_threads())


def test_elements_are_made_while_others_are_used() -> None:
    counter = Counter()
    elements = Prefetcher(counter)
    for number in range(1, 6):
        assert next(elements) == number
        wait_for(lambda used=number: counter.given > used)
    elements.close()


def test_a_late_element_is_named_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    is_warned = threading.Event()

    def count() -> Iterator[int]:
        yield 1
        assert is_warned.wait(60)
        yield 2

    def warn(text: str) -> None:
        user_warnings.warn(text)
        is_warned.set()

    elements = Prefetcher(count())
    assert next(elements) == 1
    monkeypatch.setattr(prefetch, "LATE_SECONDS", 0.05)
    monkeypatch.setattr(prefetch, "warn", warn)
    with pytest.warns(
        KplugWarning, match=r"batch 1 of the generator has been waited for 0\.05 sec"
    ):
        assert next(elements) == 2
    elements.close()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have notes from Python 3.11 on")
def test_an_error_says_which_element_it_came_for() -> None:
    def count() -> Iterator[int]:
        yield 1
        raise OSError("disk full")

    elements = Prefetcher(count())
    next(elements)
    with pytest.raises(OSError, match="disk full") as caught:
        next(elements)
    assert vars(caught.value)["__notes__"] == ["The generator raised it instead of batch 1."]
