"""One writer at a time in a store that offers only conditional creation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from kplug_registry.errors import PublishingError
from kplug_registry.storage.object_store import ObjectStore
from kplug_registry.storage.object_store_lock import TurnTaker


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    system = MemoryFileSystem()
    system.store.clear()
    yield ObjectStore(system, "/site", "memory://site")
    system.store.clear()


def make_taker(store: ObjectStore, clock: Clock) -> TurnTaker:
    return TurnTaker(store, length=300, now=clock)


def test_a_turn_that_was_given_back_is_followed_at_once(store: ObjectStore, clock: Clock) -> None:
    first = make_taker(store, clock)
    turn = first.take(0)
    first.give_back()
    following = make_taker(store, clock).take(0)
    assert following.left == turn.journal != following.journal


def test_a_second_writer_is_told_who_writes_and_for_how_long(
    store: ObjectStore, clock: Clock
) -> None:
    make_taker(store, clock).take(0)
    clock.time += 100
    with pytest.raises(PublishingError) as caught:
        make_taker(store, clock).take(0)
    assert "another publisher has been writing to memory://site for 0 s: process " in str(
        caught.value
    )
    assert "If it has died, its turn ends in 230 s." in str(caught.value)


def test_the_turn_of_a_writer_who_died_ends(store: ObjectStore, clock: Clock) -> None:
    dead = make_taker(store, clock)
    turn = dead.take(0)
    clock.time += 331
    assert make_taker(store, clock).take(0).left == turn.journal
    with pytest.raises(PublishingError, match=r"took longer than a turn of 300 s"):
        turn.check()
    dead.give_back()  # changes nothing: the turn is no more its own
    with pytest.raises(PublishingError, match="another publisher"):
        make_taker(store, clock).take(0)


def test_a_writer_at_work_gets_more_time(store: ObjectStore, clock: Clock) -> None:
    turn = make_taker(store, clock).take(0)
    for _ in range(3):
        clock.time += 200
        turn.check()
    with pytest.raises(PublishingError, match="another publisher"):
        make_taker(store, clock).take(0)


def test_of_two_who_see_a_turn_end_one_gets_the_next(store: ObjectStore, clock: Clock) -> None:
    first, second = make_taker(store, clock), make_taker(store, clock)
    looked = second._find_last()
    first.take(0)
    second._find_last = lambda: looked  # type: ignore[method-assign]  # looked before the first wrote
    with pytest.raises(PublishingError, match="another publisher"):
        second.take(0)


def test_who_takes_a_number_that_was_passed_lets_it_go(store: ObjectStore, clock: Clock) -> None:
    """A slow writer creates the object of a number whose own was removed since."""
    slow = make_taker(store, clock)
    answers = iter([0, 5])
    slow._find_last = lambda: next(answers)  # type: ignore[method-assign]
    assert not slow._try_to_take()
    assert store.list(".kplug") == []


def test_what_earlier_turns_left_is_removed(store: ObjectStore, clock: Clock) -> None:
    for _ in range(5):
        taker = make_taker(store, clock)
        store.write({taker.take(0).journal: b"left"})
        taker.give_back()
    assert store.list(".kplug/turns") == [".kplug/turns/4.json", ".kplug/turns/5.json"]
    assert store.list(".kplug/journals") == [".kplug/journals/4.zip", ".kplug/journals/5.zip"]
